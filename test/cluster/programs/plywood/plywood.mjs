// Plywood as Turnilo uses it: introspection, then nested splits, in native queries and in SQL.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { tell } from '../told.mjs'

const [start, end, folder] = process.argv.slice(2)
const load = createRequire(join(folder, 'package.json'))
const { $, DruidExternal, DruidSQLExternal, External, ply } = load('plywood')
const { druidRequesterFactory } = load('plywood-druid-requester')
const DAY_MS = 86_400_000
const TIMEOUT_MS = 120_000

const WINDOW = { start: new Date(start), end: new Date(end) }
const BEFORE = { start: new Date(Date.parse(start) - 5 * DAY_MS), end: new Date(start) }
const events = $('events')
const within = events.filter($('__time').overlap(WINDOW))
const [now, before] = [WINDOW, BEFORE].map((range) => $('__time').overlap(range))

/** Each with its table, `events`, bound as Turnilo binds it. */
const QUESTIONS = {
  totals: ply().apply('events', within).apply('n', '$events.count()').apply('added', '$events.sum($added)'),
  'one split': within
    .split('$country', 'country')
    .apply('n', '$events.count()')
    .sort('$n', 'descending')
    .limit(5),
  'nested splits': ply()
    .apply('events', within)
    .apply('n', '$events.count()')
    .apply(
      'byCountry',
      events
        .split('$country', 'country')
        .apply('added', '$events.sum($added)')
        .sort('$added', 'descending')
        .limit(3)
        .apply(
          'byDay',
          events
            .split($('__time').timeBucket('P1D', 'America/Los_Angeles'), 'day')
            .apply('n', '$events.count()')
            .sort('$day', 'ascending'),
        ),
    ),
  'a split by hours': within
    .split($('__time').timeBucket('PT1H', 'Etc/UTC'), 'hour')
    .apply('most', '$events.max($added)')
    .apply('mean', '$events.average($price)')
    .sort('$hour', 'ascending')
    .limit(30),
  'two dimensions at once': within
    .split({ country: '$country', device: '$device' })
    .apply('n', '$events.count()')
    .sort('$n', 'descending')
    .limit(7),
  'numbers in buckets': within
    .split($('added').numberBucket(100), 'range')
    .apply('n', '$events.count()')
    .sort('$range', 'ascending'),
  filters: ply()
    .apply(
      'events',
      within.filter(
        $('country')
          .in(['US', 'DE'])
          .and($('city').contains('o', 'ignoreCase'))
          .and($('device').is('bot').not()),
      ),
    )
    .apply('n', '$events.count()')
    .apply('bots', events.filter($('device').is('bot')).count()),
  HAVING: within
    .split('$country', 'country')
    .apply('n', '$events.count()')
    .filter($('n').greaterThan(300))
    .sort('$n', 'descending')
    .limit(50),
  'period over period': ply()
    .apply('events', events.filter(now.or(before)))
    .apply('current', events.filter(now).sum('$added'))
    .apply('previous', events.filter(before).sum('$added'))
    .apply('delta', $('current').subtract('$previous')),
  'period over period, split': events
    .filter(now.or(before))
    .split('$country', 'country')
    .apply('current', events.filter(now).sum('$added'))
    .apply('previous', events.filter(before).sum('$added'))
    .sort('$current', 'descending')
    .limit(4),
  'distinct values': ply().apply('events', within).apply('users', '$events.countDistinct($country)'),
  'a quotient': ply().apply('events', within).apply('each', '$events.sum($added) / $events.count()'),
  rows: within.select('__time', 'country', 'page', 'added').sort('$__time', 'ascending').limit(5),
  nothing: within.filter($('country').is('nowhere')).split('$city', 'city').apply('n', '$events.count()'),
}

function externalOf(engine, requester, source = 'events') {
  return External.fromJS(
    {
      engine,
      source,
      timeAttribute: '__time',
      allowEternity: true,
      allowSelectQueries: true,
      context: { timeout: TIMEOUT_MS, priority: 0 },
    },
    requester,
  )
}

function cases(url) {
  const requester = druidRequesterFactory({ host: url.replace('http://', ''), timeout: TIMEOUT_MS })
  const known = (names) => names.filter((name) => ['dst', 'events'].includes(name)).sort()
  return [
    ['druid', DruidExternal],
    ['druidsql', DruidSQLExternal],
  ].flatMap(([engine, kind]) => {
    const named = (name) => `${engine}: ${name}`
    let table
    const introspected = () => (table ??= externalOf(engine, requester).introspect())
    return [
      [named('version'), () => kind.getVersion(requester)],
      [named('sources'), async () => known(await kind.getSourceList(requester))],
      [named('introspection'), async () => (await introspected()).toJS()],
      [
        named('introspection of no table'),
        async () => (await externalOf(engine, requester, 'nothing').introspect()).toJS(),
      ],
      ...Object.entries(QUESTIONS).map(([name, question]) => [
        named(name),
        async () => (await question.compute({ events: await introspected() })).toJS(),
      ]),
    ]
  })
}

await tell(cases)
