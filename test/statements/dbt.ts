// dbt: there is no adapter of dbt Labs for Druid; projects run it over pydruid or JDBC. A comment with the node on top,
// tests that count failing rows, models of many WITHs, freshness, and the previews of `dbt show`.
import { type Days, type Listed, sentBy, type Statement } from './statement.ts'

const remark = (node: string): string =>
  `/* {"app": "dbt", "dbt_version": "1.9.4", "profile_name": "druid", "target_name": "prod", "node_id": "${node}"} */`

/** The frame in which dbt runs every data test. */
const failures = (name: string, test: string): string => `${remark(`test.shop.${name}`)}
select
      count(*) as failures,
      count(*) <> 0 as should_warn,
      count(*) <> 0 as should_error
    from (
      ${test}
    ) dbt_internal_test`

export function dbtStatements(days: Days): readonly Statement[] {
  return sentBy('dbt', {}, [...TESTS, ...models(days), ...OTHERS])
}

const TESTS: readonly Listed[] = [
  {
    id: 'dbt-001',
    what: 'test not_null',
    sql: failures(
      'not_null_events_country',
      `select country
from "druid"."events"
where country is null`,
    ),
  },
  {
    id: 'dbt-002',
    what: 'test unique',
    sql: failures(
      'unique_dst',
      `select
    country as unique_field,
    count(*) as n_records
from "druid"."dst"
where country is not null
group by country
having count(*) > 1`,
    ),
  },
  {
    id: 'dbt-003',
    what: 'test accepted_values',
    sql: failures(
      'accepted_values_events_device',
      `with all_values as (
    select
        device as value_field,
        count(*) as n_records
    from "druid"."events"
    group by device
)
select *
from all_values
where value_field not in (
    'desktop','mobile','tablet','tv','bot'
)`,
    ),
  },
  {
    id: 'dbt-004',
    what: 'test relationships',
    sql: failures(
      'relationships_events_country',
      `with child as (
    select country as from_field
    from "druid"."events"
    where country is not null
),
parent as (
    select k as to_field
    from "lookup"."country_name"
)
select
    from_field
from child
left join parent
    on child.from_field = parent.to_field
where parent.to_field is null`,
    ),
  },
]

const models = (days: Days): readonly Listed[] => [
  {
    id: 'dbt-005',
    what: 'model of three WITHs',
    sql: `${remark('model.shop.daily')}
with source as (
    select * from "druid"."events"
    where __time >= timestamp '${days.blank(14)}'
      and __time < timestamp '${days.blank(0)}'
),
renamed as (
    select
        time_floor(__time, 'P1D') as event_day,
        country,
        "user" as user_id,
        added,
        price
    from source
),
final as (
    select
        event_day,
        country,
        count(*) as events,
        count(distinct user_id) as users,
        sum(price) as revenue
    from renamed
    group by 1, 2
)
select * from final`,
  },
  {
    id: 'dbt-006',
    what: 'incremental model: rows after the newest known',
    sql: `${remark('model.shop.incremental')}
select time_floor(__time, 'PT1H') as event_hour, sum(added) as added
from "druid"."events"
where __time > (select max(__time) from "druid"."dst")
group by 1`,
  },
  {
    id: 'dbt-007',
    what: 'date spine joined to days',
    sql: `${remark('model.shop.spine')}
with spine as (
    select timestampadd(day, x, timestamp '${days.blank(7)}') as date_day
    from (values (0), (1), (2), (3), (4), (5), (6)) as n(x)
),
daily as (
    select floor(__time to day) as date_day, sum(price) as revenue
    from "druid"."events"
    where __time >= timestamp '${days.blank(7)}'
    group by 1
)
select spine.date_day, coalesce(daily.revenue, 0) as revenue
from spine
left join daily on spine.date_day = daily.date_day`,
  },
  {
    id: 'dbt-008',
    what: 'metrics by rollup',
    sql: `${remark('model.shop.rollup')}
select country, device, grouping(country, device) as level_, sum(added) as added
from "druid"."events"
where time_in_interval(__time, '${days.date(7)}/${days.date(0)}')
group by rollup (country, device)`,
  },
  {
    id: 'dbt-009',
    what: 'metrics by cube',
    sql: `${remark('model.shop.cube')}
select channel, isRobot, count(*) as events
from "druid"."events"
where __time >= timestamp '${days.blank(7)}'
group by cube (channel, isRobot)`,
  },
  {
    id: 'dbt-010',
    what: 'snapshot: the latest row per key',
    sql: `${remark('snapshot.shop.latest')}
select country, latest(city, 128) as city, latest_by(page, __time, 1024) as page, max(__time) as seen_at
from "druid"."events"
where __time >= timestamp '${days.blank(1)}'
group by 1`,
  },
  {
    id: 'dbt-011',
    what: 'semi-join',
    sql: `${remark('model.shop.top_pages')}
select page, sum(price) as revenue
from "druid"."events"
where country in (select country from "druid"."events" group by country order by count(*) desc limit 3)
  and __time >= timestamp '${days.blank(3)}'
group by page`,
  },
  {
    id: 'dbt-012',
    what: 'percent of total by a window',
    sql: `${remark('analysis.shop.share')}
select device, events, events * 100.0 / sum(events) over () as pct
from (select device, count(*) as events from "druid"."events" group by device)`,
  },
]

const OTHERS: readonly Listed[] = [
  {
    id: 'dbt-013',
    what: 'freshness of a source',
    sql: `${remark('source.shop.events')}
select
      max(__time) as max_loaded_at,
      current_timestamp as snapshotted_at
    from "druid"."events"`,
  },
  {
    id: 'dbt-014',
    what: 'dbt show',
    sql: `${remark('sql_operation.shop.inline_query')}
select * from (
select channel, count(*) as n from "druid"."events_rollup" group by channel
) as preview
limit 5`,
  },
  {
    id: 'dbt-015',
    what: 'list of relations',
    sql: `${remark('macro.list_relations')}
select table_catalog, table_schema, table_name, table_type from INFORMATION_SCHEMA.TABLES`,
    expect: 'error',
    why: 'columns of INFORMATION_SCHEMA are known in capitals only',
  },
  {
    id: 'dbt-016',
    what: 'materialised table',
    sql: `${remark('model.shop.daily')}
replace into "daily" overwrite all
select time_floor(__time, 'P1D') as __time, count(*) as events from "druid"."events" group by 1
partitioned by day`,
    expect: 'error',
    why: 'the native engine does not write: REPLACE goes to /druid/v2/sql/task',
  },
  {
    id: 'dbt-017',
    what: 'a view',
    sql: `${remark('model.shop.v')}
create view "v" as select * from "druid"."events"`,
    expect: 'error',
    why: 'no CREATE VIEW',
  },
  { id: 'dbt-018', what: 'dbt debug', sql: 'select 1 as id' },
]
