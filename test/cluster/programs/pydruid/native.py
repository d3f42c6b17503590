"""pydruid's native client, over urllib."""

# pydruid uses both and loads neither.
import urllib.error
import urllib.request

from pydruid.client import PyDruid
from pydruid.utils.aggregators import count, doublesum, filtered, hyperunique, longmax, longsum
from pydruid.utils.dimensions import DimensionSpec, TimeFormatExtraction
from pydruid.utils.filters import Bound, Dimension, Filter
from pydruid.utils.having import Aggregation
from pydruid.utils.postaggregator import Field
from told import tell


def cases(host, port, start, end):
    client = PyDruid(f"http://{host}:{port}", "druid/v2/")
    events = {"datasource": "events", "intervals": f"{start}/{end}"}
    sums = {"n": count("n"), "added": longsum("added")}

    def answer(query):
        return {"rows": query.result, "text": query.result_json, "query": query.query_dict}

    def asked(what, **more):
        return lambda: answer(getattr(client, what)(**{**events, **more}))

    yield "timeseries", asked("timeseries", granularity="day", aggregations=sums)
    yield "timeseries, all", asked("timeseries", granularity="all", aggregations=sums)
    yield "timeseries in a zone", asked(
        "timeseries",
        granularity={"type": "period", "period": "P1D", "timeZone": "America/New_York"},
        aggregations=sums,
        post_aggregations={"each": Field("added") / Field("n")},
        filter=(Dimension("country") == "US") | (Dimension("device") != "bot"),
    )
    yield "timeseries by hours with an origin", asked(
        "timeseries",
        granularity={"type": "duration", "duration": 86_400_000, "origin": "2026-01-01T23:30:00Z"},
        aggregations=sums,
    )
    yield "topn", asked(
        "topn", granularity="all", dimension="city", metric="added", threshold=5, aggregations=sums
    )
    yield "groupby", asked(
        "groupby",
        granularity="all",
        dimensions=["country", DimensionSpec("__time", "hour", extraction_function=TimeFormatExtraction("HH"))],
        aggregations={**sums, "bots": filtered(Dimension("device") == "bot", count("bots"))},
        having=Aggregation("added") > 2000,
        filter=~(Dimension("country") == "CN"),
        limit_spec={"type": "default", "limit": 20, "columns": ["country", "hour"]},
    )
    yield "sub_query", asked(
        "groupby",
        datasource=client.sub_query(
            datasource="events", intervals=f"{start}/{end}", granularity="day", dimensions=["country"], aggregations=sums
        ),
        granularity="all",
        dimensions=["country"],
        aggregations={"most": longmax("added")},
    )
    yield "scan", asked(
        "scan", granularity="all", limit=30, columns=["__time", "page", "city", "reqId", "tags", "price"], metrics=[]
    )
    yield "segment_metadata", asked("segment_metadata", merge=True, analysisTypes=["cardinality", "interval"])
    yield "time_boundary", lambda: answer(client.time_boundary(datasource="events"))
    yield "a bound", asked(
        "timeseries",
        granularity="all",
        aggregations=sums,
        filter=Filter(type="and", fields=[Bound("added", 10, 20, ordering="numeric"), Dimension("country") == "DE"]),
    )
    yield "an id", asked("timeseries", granularity="all", aggregations=sums, context={"queryId": "mine"})
    yield "no table", asked("timeseries", datasource="nothing", granularity="all", aggregations=sums)
    yield "select, which Druid has no more", asked(
        "select", granularity="all", paging_spec={"pagingIdentifiers": {}, "threshold": 1}
    )
    yield "an interval that is none", asked("timeseries", intervals="now", granularity="all", aggregations=sums)
    yield "no such aggregator", asked("timeseries", granularity="all", aggregations={"x": {"type": "nothing"}})
    yield "an aggregator over texts", asked(
        "timeseries", granularity="all", aggregations={"x": doublesum("city"), "users": hyperunique("user")}
    )


tell(cases)
