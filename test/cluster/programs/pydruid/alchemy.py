"""SQLAlchemy over pydruid, 1.4 and 2: reflection as at connect, and selects as Superset composes them."""

import warnings

import sqlalchemy as sa
from told import tell

warnings.simplefilter("ignore")


def cases(host, port, start, end):
    engine = sa.create_engine(f"druid://{host}:{port}/druid/v2/sql/")
    headed = sa.create_engine(f"druid://{host}:{port}/druid/v2/sql/?header=true")
    events = sa.table("events", sa.column("__time"), sa.column("country"), sa.column("added"), schema="druid")
    time = sa.literal_column('"__time"')
    bucket = sa.literal_column("TIME_FLOOR(CAST(\"__time\" AS TIMESTAMP), 'P1D')")
    count = sa.func.count()

    def read(statement, at=engine, **values):
        with at.connect() as connection:
            result = connection.execute(statement, values)
            return {"keys": list(result.keys()), "rows": [list(row) for row in result.fetchall()]}

    def within(statement):
        low, high = f"'{start} 00:00:00.000000'", f"'{end} 00:00:00.000000'"
        return statement.where(time >= sa.text(low)).where(time < sa.text(high))

    def look(what, *names, **more):
        return lambda: repr(getattr(sa.inspect(engine), what)(*names, **more))

    def columns():
        found = sa.inspect(engine).get_columns("events", schema="druid")
        return [{**column, "type": repr(column["type"])} for column in found]

    def reflected():
        table = sa.Table("events", sa.MetaData(), autoload_with=engine, schema="druid")
        return [[column.name, repr(column.type), column.nullable] for column in table.columns]

    def scalars():
        with engine.connect() as connection:
            return [connection.execute(sa.text("SELECT 1")).scalar() for _ in range(3)]

    yield "get_schema_names", look("get_schema_names")
    yield "get_table_names", lambda: sorted(set(sa.inspect(engine).get_table_names("druid")) & {"events", "dst"})
    yield "get_view_names", look("get_view_names", "druid")
    yield "get_columns", columns
    yield "get_columns of no table", look("get_columns", "nothing", schema="druid")
    yield "get_pk_constraint", look("get_pk_constraint", "events")
    yield "get_indexes", look("get_indexes", "events")
    yield "has_table", look("has_table", "events")
    yield "has_table of no table", look("has_table", "nothing")
    yield "has_table of the dialect", lambda: [
        engine.dialect.has_table(engine.connect(), name) for name in ("events", "nothing")
    ]
    yield "a table reflected", reflected
    yield "ping", lambda: engine.dialect.do_ping(engine.raw_connection())
    yield "scalars", scalars
    yield "select", lambda: read(
        within(sa.select(bucket.label("__timestamp"), count.label("count")).select_from(events))
        .group_by(bucket).order_by(sa.desc("count")).limit(10000)
    )
    yield "select with a header", lambda: read(
        within(sa.select(bucket.label("__timestamp"), sa.func.sum(events.c.added).label("SUM(added)")).select_from(events))
        .group_by(bucket).limit(50000),
        headed,
    )
    yield "bound values", lambda: read(
        sa.select(events.c.country, count.label("n")).where(events.c.country.in_(["US", "DE"]))
        .where(events.c.added > 10).group_by(events.c.country).order_by(events.c.country)
    )
    yield "an offset", lambda: read(
        sa.select(events.c.country, count.label("n")).group_by(events.c.country).order_by(events.c.country)
        .limit(3).offset(2)
    )
    yield "a text", lambda: read(sa.text("SELECT country, city FROM events WHERE country = :c LIMIT 0"), c="US")
    yield "a text, empty with a header", lambda: read(sa.text("SELECT country FROM events LIMIT 0"), headed)
    yield "a text with values", lambda: read(
        sa.text("SELECT COUNT(*) AS n FROM events WHERE city = :city AND added > :low"), city="São Paulo", low=3
    )
    yield "an error", lambda: read(sa.text("SELECT nothing FROM events"))
    yield "no table", lambda: read(sa.text("SELECT 1 FROM nothing"))


tell(cases)
