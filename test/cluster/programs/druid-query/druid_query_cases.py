"""druid-query: every body gzipped, all formats, native queries and SQL, one kept connection."""

import asyncio

import druid_query as dq
from druid_query.client import AsyncClient, DruidError
from druid_query.components import aggregations, context, dimension_specs, filters, granularities, having_specs
from druid_query.components import intervals, limit_specs, search_query_specs, topn_metric_specs
from told import tell

WIDE = (
    "SELECT city, page, reqId, weight, price, tags, referrer, __time FROM events ORDER BY __time LIMIT 60"
)


def cases(host, port, start, end):
    places = {
        "native_endpoint": f"http://{host}:{port}/druid/v2/",
        "sql_endpoint": f"http://{host}:{port}/druid/v2/sql",
    }
    client = dq.Client(**places)
    events = {"data_source": "events", "intervals": [intervals.Interval(start, end)]}
    sums = [aggregations.Count("n"), aggregations.LongSum("added")]
    series = (
        f"SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n FROM events WHERE __time >= '{start}' AND __time < '{end}' "
        "GROUP BY 1 ORDER BY 1"
    )

    def asked(query):
        def case():
            try:
                answer = client.execute(query)
            except DruidError as error:
                return {"error": error.message, "code": error.code, "details": error.detailed_message}
            return answer.decode() if isinstance(answer, bytes) else answer

        return case

    def together():
        async def run():
            async with AsyncClient(**places) as waiting:
                return await asyncio.gather(*[waiting.execute(dq.Sql(series)) for _ in range(5)])

        return asyncio.run(run())

    def sql(query, **more):
        return asked(dq.Sql(query, **more))

    for form in ("object", "array", "objectLines", "arrayLines", "csv"):
        yield f"{form}", sql(series, result_format=form)
        yield f"{form}, every type, with a header", sql(WIDE, result_format=form, header=True)
        yield f"{form}, empty", sql("SELECT country FROM events LIMIT 0", result_format=form)
        yield f"{form}, empty, with a header", sql("SELECT country FROM events LIMIT 0", result_format=form, header=True)
    yield "a format that is none", sql(series, result_format="xml")
    yield "parameters", sql(
        "SELECT COUNT(*) AS n FROM events WHERE city = ? AND added > ?",
        parameters=[{"type": "VARCHAR", "value": "東京"}, {"type": "INTEGER", "value": 3}],
    )
    yield "parameters of no type", sql("SELECT COUNT(*) AS n FROM events WHERE city = ?", parameters=["東京"])
    yield "a zone", sql(series, context=context.Context(sql_time_zone="Asia/Kolkata", timeout=30000))
    yield "an id", sql(series, context=context.Context(sql_query_id="mine"))
    yield "five at once", together
    for text in ("SELECT 1 FROM nothing", "SELEC", "", "SELECT COUNT(*) / 0 FROM events"):
        yield f"error: {text}", sql(text)
    yield "timeseries", asked(dq.Timeseries(**events, granularity="day", aggregations=sums))
    yield "timeseries in a zone", asked(
        dq.Timeseries(
            **events,
            granularity=granularities.Period("P1D", time_zone="America/New_York"),
            aggregations=sums,
            filter=filters.Selector("country", "US"),
        )
    )
    yield "topN", asked(
        dq.TopN(
            **events,
            granularity="all",
            dimension="city",
            threshold=5,
            metric=topn_metric_specs.Numeric("added"),
            aggregations=sums,
        )
    )
    yield "groupBy", asked(
        dq.GroupBy(
            **events,
            granularity="all",
            dimensions=[dimension_specs.Default("country", "c"), "device"],
            limit_spec=limit_specs.Default(10, columns=[limit_specs.OrderByColumnSpec("added", "descending")]),
            having=having_specs.GreaterThan("added", 10),
            aggregations=sums,
        )
    )
    yield "scan", asked(dq.Scan(**events, columns=["__time", "page", "reqId"], limit=5, order="ascending"))
    yield "search", asked(
        dq.Search(**events, query=search_query_specs.Contains(True, "京"), search_dimensions=["city", "page"])
    )
    # The library's word for it is not Druid's.
    yield "search that Druid refuses", asked(
        dq.Search(**events, query=search_query_specs.InsensitiveContains("n"), search_dimensions=["city"])
    )
    yield "timeBoundary", asked(dq.TimeBoundary("events"))
    yield "segmentMetadata", asked(dq.SegmentMetadata(**events, merge=True))
    yield "datasourceMetadata", asked(dq.DatasourceMetadata("events"))
    yield "no table", asked(dq.Timeseries("nothing", events["intervals"], "day", aggregations=sums))
    yield "an interval that is none", asked(dq.Timeseries("events", [intervals.Interval("now", "then")], "day"))


tell(cases)
