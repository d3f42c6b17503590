"""pydruid's DB-API: what Superset and every other caller of `connect` sees."""

import hashlib

from pydruid.db import connect
from told import raised, tell

COUNTRIES = "SELECT country, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC, 1"
NONE = "SELECT country, added FROM events WHERE country = 'nowhere'"


def cases(host, port, start, end):
    def place(**more):
        return connect(host=host, port=port, path="/druid/v2/sql/", **more)

    def read(sql, parameters=None, **more):
        cursor = place(**more).cursor()
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
        return {"description": cursor.description, "rows": rows, "types": types_of(rows)}

    within = f"\"__time\" >= '{start} 00:00:00.000000' AND \"__time\" < '{end} 00:00:00.000000'"
    series = (
        "SELECT TIME_FLOOR(CAST(\"__time\" AS TIMESTAMP), 'P1D') AS \"__timestamp\", COUNT(*) AS \"count\" "
        f"FROM \"druid\".\"events\" WHERE {within} "
        "GROUP BY TIME_FLOOR(CAST(\"__time\" AS TIMESTAMP), 'P1D') ORDER BY \"count\" DESC LIMIT 10000"
    )

    def pieces():
        cursor = place().cursor()
        cursor.execute(COUNTRIES)
        first = [cursor.fetchone(), cursor.fetchmany(3), cursor.fetchmany()]
        cursor.arraysize = 4
        return [first, cursor.fetchmany(), next(cursor), cursor.rowcount, list(cursor), cursor.fetchone()]

    def many():
        cursor = place().cursor()
        cursor.execute("SELECT __time, page, city, reqId, tags, weight, price FROM events LIMIT 20000")
        rows = [list(row) for row in cursor]
        return {"rows": len(rows), "digest": hashlib.sha256(repr(rows).encode()).hexdigest(), "first": rows[0]}

    def alone():
        # One after the other on one connection object: each has its own connection below.
        connection = place()
        return [connection.execute("SELECT 1 AS x").fetchall() for _ in range(3)]

    def closed():
        connection = place()
        cursor = connection.cursor()
        told = []
        for use in (cursor.fetchall, lambda: cursor.executemany("SELECT 1"), connection.close, connection.cursor):
            try:
                told.append(repr(use()))
            except Exception as error:
                told.append(raised(error))
        return told

    def same_cursor():
        cursor = place().cursor()
        cursor.execute(COUNTRIES)
        cursor.execute("SELECT 1 AS x, 'a' AS y")
        return [cursor.fetchall(), cursor.description]

    wide = (
        "SELECT city, page, reqId, weight, price, latency, tags, referrer, isRobot, __time FROM events "
        "ORDER BY __time LIMIT 60"
    )
    yield "rows", lambda: read(COUNTRIES)
    yield "a series as Superset asks", lambda: read(series)
    yield "with a header", lambda: read(series, header=True)
    yield "every type", lambda: read(wide)
    yield "every type with a header", lambda: read(wide, header=True)
    yield "arrays that are no texts", lambda: read(wide, context={"sqlStringifyArrays": False})
    yield "empty", lambda: read(NONE)
    yield "empty with a header", lambda: read(NONE, header=True)
    yield "null in the first row", lambda: read("SELECT MAX(added) AS m FROM events WHERE country = 'nowhere'")
    yield "one column name twice", lambda: read('SELECT 1 AS "a", 2 AS "a", 3 AS "a b", 4 AS "class"')
    yield "fetched by and by", pieces
    yield "many rows", many
    yield "one after the other", alone
    yield "a cursor again", same_cursor
    yield "closed, and before execute", closed
    yield "parameters", lambda: read(
        "SELECT %(star)s FROM (SELECT COUNT(*) AS n FROM events WHERE country IN (%(list)s) "
        "AND page <> %(quote)s AND added > %(low)s AND isRobot = 0 AND %(true)s)",
        {"star": "*", "list": ["US", "DE"], "quote": "it's", "low": 1.5, "true": True},
    )
    yield "a text of the world", lambda: read("SELECT COUNT(*) AS n FROM events WHERE city = %(city)s", {"city": "東京"})
    yield "a zone", lambda: read(series, context={"sqlTimeZone": "America/Los_Angeles"})
    yield "an id", lambda: read(COUNTRIES, context={"sqlQueryId": "mine", "timeout": 30000})
    yield "a timeout that is none", lambda: read(COUNTRIES, context={"timeout": "soon"})
    yield "metadata", lambda: read(
        "SELECT TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME IN ('events', 'dst') ORDER BY 1"
    )
    yield "EXPLAIN", lambda: read(f"EXPLAIN PLAN FOR {COUNTRIES}")
    for name, sql in ERRORS.items():
        yield name, lambda sql=sql: read(sql)
    yield "a wrong path", lambda: connect(host=host, port=port, path="/druid/v2/nothing/").execute("SELECT 1")


ERRORS = {
    "no table": "SELECT 1 FROM nothing",
    "no column": "SELECT nothing FROM events",
    "no SQL": "SELEC 1",
    "empty SQL": "",
    "divided by zero": "SELECT COUNT(*) / 0 AS x FROM events",
    "SET": "SET timeout = 5000;",
    "not for a SELECT": "INSERT INTO x SELECT * FROM events PARTITIONED BY DAY",
    "a parameter that is not bound": "SELECT COUNT(*) FROM events WHERE country = ?",
}


def types_of(rows):
    return sorted({tuple(type(value).__name__ for value in row) for row in rows})[:10]


tell(cases)
