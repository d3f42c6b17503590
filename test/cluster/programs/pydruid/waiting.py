"""AsyncPyDruid over Tornado's HTTP client, which can't read trailers: a Broker's answers break it, a Router's don't."""

import json

from pydruid.async_client import AsyncPyDruid
from pydruid.utils.aggregators import count, longsum
from told import tell
from tornado.ioloop import IOLoop


def cases(host, port, start, end):
    events = {"datasource": "events", "intervals": f"{start}/{end}"}
    sums = {"n": count("n"), "added": longsum("added")}

    def asked(what, **more):
        def case():
            client = AsyncPyDruid(f"http://{host}:{port}", "druid/v2/")
            query = IOLoop.current().run_sync(lambda: getattr(client, what)(**{**events, **more}), timeout=60)
            # The Router asks either Broker, and one that has the answer in its own cache has another order of fields.
            return json.dumps(query.result, sort_keys=True)

        return case

    yield "timeseries", asked("timeseries", granularity="day", aggregations=sums)
    yield "topn", asked(
        "topn", granularity="all", dimension="city", metric="added", threshold=5, aggregations=sums
    )
    yield "groupby", asked("groupby", granularity="all", dimensions=["country", "device"], aggregations=sums)
    yield "many rows", asked("groupby", granularity="all", dimensions=["user"], aggregations=sums)
    yield "segment_metadata", asked("segment_metadata", merge=True)
    yield "no table", asked("timeseries", datasource="nothing", granularity="all", aggregations=sums)


tell(cases)
