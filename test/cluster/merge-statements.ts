// Statements without a time bucket for merging: what is computed, what isn't, and what depends on the values.

/** Conditions on `__time`. */
export interface Where {
  readonly days: string
  readonly hours: string
  readonly nothing: string
}

const NO = `FILTER (WHERE country = 'none')`

/** Without a LIMIT beside one key of an order, of which Druid would make a topN with an order of its own. */
export const COMPUTED = ({ days, hours, nothing }: Where): readonly string[] => [
  // Totals.
  `SELECT COUNT(*), SUM(added), MIN(added), MAX(added), AVG(added) FROM events WHERE ${days}`,
  `SELECT COUNT(*) AS n, COUNT(city), COUNT(latency), COUNT(tags) FROM events WHERE ${days}`,
  `SELECT SUM(price), MIN(price), MAX(price), AVG(price) FROM events WHERE ${days}`,
  `SELECT SUM(latency), MIN(latency), MAX(latency), AVG(latency) FROM events WHERE ${days}`,
  `SELECT MIN(weight), MAX(weight), MIN(-weight), MAX(-weight) FROM events WHERE ${days}`,
  `SELECT SUM(weight) FROM events WHERE weight < 1e8 AND ${days}`,
  `SELECT SUM(weight), AVG(weight) FROM events WHERE ${days}`,
  `SELECT MIN(__time), MAX(__time) FROM events WHERE ${days}`,
  `SELECT country, MIN(__time), MAX(__time), MIN(FLOOR(__time TO DAY)), MAX(CAST(__time AS DATE)) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT SUM(added) FILTER (WHERE country = 'US'), COUNT(*) FILTER (WHERE city IS NULL), AVG(price) FILTER (WHERE device = 'tv') FROM events WHERE ${days}`,
  `SELECT SUM(added) ${NO}, COUNT(*) ${NO}, AVG(price) ${NO}, MIN(added) ${NO}, MAX(__time) ${NO}, MIN(latency) ${NO} FROM events WHERE ${days}`,
  `SELECT SUM(CASE WHEN country = 'US' THEN added END), SUM(CASE WHEN country = 'US' THEN 1 ELSE 0 END), COUNT(CASE WHEN country = 'US' THEN 1 END) FROM events WHERE ${days}`,
  `SELECT SUM(CASE WHEN country = 'none' THEN added ELSE 0 END), SUM(CASE WHEN country = 'none' THEN 1 ELSE 0 END) FROM events WHERE ${days}`,
  `SELECT MAX(isRobot = 1), MIN(isRobot = 1), MAX(1), MIN(1.5), SUM(1), SUM(0) FROM events WHERE ${days}`,
  `SELECT SUM(country), AVG(added * 1.0), SUM(added * 0.5), SUM(added + deleted), MIN(added - deleted) FROM events WHERE ${days}`,
  // INTEGER and DATE that Druid prints as it computes with them.
  `SELECT MAX(CHAR_LENGTH(page)), MIN(STRPOS(page, '/')), MAX(MOD(reqId, 7)), MAX(MOD(price, 7)), MIN(MV_LENGTH(tags)), MAX(CASE WHEN added > 3 THEN 1 ELSE -2 END), MAX(COALESCE(CHAR_LENGTH(city), 0)), MIN(CAST(NULLIF(LENGTH(page), 7) AS INTEGER)) FROM events WHERE ${days}`,
  `SELECT MOD(reqId, -7) AS m, CHAR_LENGTH(city) AS l, MV_ORDINAL_OF(tags, 'vip') AS o, COUNT(*), MAX(POSITION('a' IN page)) FROM events WHERE ${days} GROUP BY 1, 2, 3 HAVING MAX(CHAR_LENGTH(page)) > 5 ORDER BY 1 DESC, 2, 3`,
  `SELECT CAST(EXTRACT(YEAR FROM __time) AS INTEGER), CAST({fn TRUNCATE(EXTRACT(HOUR FROM __time),0)} AS INTEGER) AS h, COUNT(*), MAX(CAST({fn TRUNCATE({fn DAYOFYEAR(__time)},0)} AS INTEGER)) FROM events WHERE ${days} GROUP BY 1, 2 ORDER BY h DESC`,
  `SELECT device, MAX(CAST(__time AS DATE)), MIN(CAST(FLOOR(__time TO HOUR) AS DATE)), MAX(FLOOR(CAST(__time AS DATE) TO MONTH)), MIN(CASE WHEN added > 3 THEN CAST(__time AS DATE) END) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT {fn TIMESTAMPADD(SQL_TSI_DAY,CAST({fn TRUNCATE((-1 * ({fn DAYOFYEAR(__time)} - 1)),0)} AS INTEGER),CAST(__time AS DATE))} AS y, TIMESTAMPADD(WEEK, -CHAR_LENGTH(city), CAST(__time AS DATE)) AS w, COUNT(*) FROM events WHERE ${days} GROUP BY 1, 2 ORDER BY w DESC`,
  `SELECT CAST(TIME_SHIFT(__time, 'PT1H', isRobot) AS DATE) AS d, COUNT(*) FROM events WHERE ${days} GROUP BY 1`,
  // CASE over aggregates.
  `SELECT country, CASE WHEN SUM(latency) = 0 THEN NULL ELSE SUM(price) / SUM(latency) END FROM events WHERE ${days} GROUP BY country`,
  `SELECT city, CASE WHEN COUNT(latency) = 0 THEN NULL ELSE SUM(added) / COUNT(latency) END, CASE WHEN COUNT(*) > 50 THEN SUM(added) WHEN COUNT(*) > 20 THEN -SUM(added) END FROM events WHERE ${days} GROUP BY 1`,
  `SELECT device, CASE WHEN MAX(latency) IS NULL THEN AVG(price) WHEN SUM(added) > 100 AND NOT MIN(added) > 3 THEN SUM(added) * 1.0 ELSE AVG(added) END FROM events WHERE ${days} GROUP BY 1`,
  `SELECT CASE WHEN COUNT(*) = 0 THEN NULL ELSE SUM(added) / COUNT(*) END FROM events WHERE ${nothing}`,
  // 64 bits.
  `SELECT SUM(reqId), MIN(reqId), MAX(reqId), AVG(reqId) FROM events WHERE ${days}`,
  `SELECT country, SUM(reqId), MIN(reqId), MAX(reqId), AVG(reqId) FROM events WHERE ${days} GROUP BY country`,
  `SELECT SUM(reqId * 1000), AVG(reqId * 1000), MAX(reqId * 1000), MIN(-reqId) FROM events WHERE ${days}`,
  `SELECT SUM(9223372036854775807), AVG(9223372036854775807), MAX(9223372036854775807) FROM events WHERE ${days}`,
  `SELECT SUM(reqId) + 1, SUM(reqId) * 2, -SUM(reqId), SUM(reqId) * SUM(reqId), SUM(reqId) / COUNT(*), SUM(reqId) - MAX(reqId), MIN(reqId) - 1 FROM events WHERE ${days}`,
  `SELECT SUM(reqId) * 1.0, CAST(SUM(reqId) AS DOUBLE) / COUNT(*), SUM(reqId) / 2.0, AVG(reqId) * 3, CAST(AVG(reqId) * 3e20 AS BIGINT) FROM events WHERE ${days}`,
  `SELECT device, SUM(reqId) / 7, SUM(reqId) / -1, 5 - SUM(reqId), SUM(-reqId) / 1000 FROM events WHERE ${days} GROUP BY 1`,
  // Dimensions.
  `SELECT country, COUNT(*), SUM(added) FROM events WHERE ${days} GROUP BY country`,
  `SELECT city, device, COUNT(*), SUM(price) FROM events WHERE ${days} GROUP BY city, device`,
  `SELECT page, COUNT(*), SUM(added), MAX(price) FROM events WHERE ${days} GROUP BY page`,
  `SELECT tags, COUNT(*), SUM(added) FROM events WHERE ${days} GROUP BY tags`,
  `SELECT tags, city, COUNT(*) FROM events WHERE tags <> 'vip' AND ${days} GROUP BY 1, 2`,
  `SELECT referrer, COUNT(*), AVG(latency) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT isRobot, COUNT(*), SUM(deleted) FROM events WHERE ${days} GROUP BY isRobot`,
  `SELECT weight, COUNT(*), SUM(added) FROM events WHERE ${days} GROUP BY weight`,
  `SELECT latency, COUNT(*) FROM events WHERE ${hours} GROUP BY latency`,
  `SELECT country = 'US', COUNT(*) FROM events WHERE ${days} GROUP BY country = 'US'`,
  `SELECT UPPER(device) AS d, CONCAT(country, ',"x"') AS c, COUNT(*) FROM events WHERE ${days} GROUP BY 1, 2`,
  `SELECT EXTRACT(HOUR FROM __time) AS h, COUNT(*), AVG(added) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT reqId, COUNT(*), SUM(price) FROM events WHERE ${hours} GROUP BY reqId`,
  `SELECT TIME_PARSE('2026-11-01') + INTERVAL '1' DAY * isRobot AS t, COUNT(*) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT COUNT(*), country FROM events WHERE ${days} GROUP BY country, device`,
  `SELECT country FROM events WHERE ${days} GROUP BY country`,
  `SELECT country, country, 'it''s "x" \\ ö東' AS s, 1 AS i, 1.50 AS d, NULL AS n, '' AS e, -3 AS m, 1e2 AS x, 3000000000 AS l FROM events WHERE ${days} GROUP BY country`,
  // Arithmetic.
  `SELECT country, SUM(added) / COUNT(*), SUM(added) * 1.0 / COUNT(*), CAST(SUM(added) AS DOUBLE) / COUNT(*) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT country, SUM(price) / SUM(added), SUM(price) * 100, SUM(price) + SUM(added) * 2, SUM(price) - SUM(added), -SUM(price) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT country, 100.0 * SUM(deleted) / NULLIF(SUM(added), 0), COALESCE(SUM(added) ${NO}, 0), COALESCE(SUM(price) ${NO}, 5) / 2, COALESCE(SUM(added) ${NO}, 0.5) / 2, COALESCE(SUM(added), 0.5) / 2 FROM events WHERE ${days} GROUP BY 1`,
  `SELECT SUM(price) / 0, -SUM(price) / 0, (MAX(price) - MAX(price)) / 0, MAX(price) - MAX(price), 0 * (0 - SUM(price)) FROM events WHERE ${days}`,
  `SELECT NULLIF(COUNT(*), 5), NULLIF(SUM(price), 0), NULLIF(SUM(added), 0.5), NULLIF(SUM(added), SUM(added)), NULLIF(SUM(added) ${NO}, 1), COALESCE(SUM(added) ${NO}, SUM(added) ${NO}, COUNT(*)) FROM events WHERE ${days}`,
  `SELECT COUNT(*) > 5, SUM(added) IS NULL, SUM(added) ${NO} IS NULL, NOT COUNT(*) > 5, COUNT(*) = 5, COUNT(*) <> 5, COUNT(*) >= 5.5, SUM(price) < 3 FROM events WHERE ${days}`,
  `SELECT SUM(added) ${NO} > 5 AND COUNT(*) > 5, SUM(added) ${NO} > 5 AND COUNT(*) < 5, SUM(added) ${NO} > 5 OR COUNT(*) > 5, SUM(added) ${NO} > 5 OR COUNT(*) < 5, NOT (SUM(added) ${NO} > 5) FROM events WHERE ${days}`,
  `SELECT SUM(added) ${NO} + 5, SUM(added) ${NO} / 0.0, -SUM(added) ${NO}, CAST(SUM(added) ${NO} AS DOUBLE), AVG(added) ${NO} * 2, 5 / SUM(added) ${NO} FROM events WHERE ${days}`,
  `SELECT COUNT(*) * (60 * 60), COUNT(*) / (2 + 1), 7 / 2 * COUNT(*), COUNT(*) - -5, COUNT(*) / 2.5, 0.1 + COUNT(*), COUNT(*) * 2147483647, MAX(1) + 1 FROM events WHERE ${days}`,
  `SELECT isRobot, isRobot + 1, isRobot * 2.5, isRobot > 0, isRobot = 0 AND COUNT(*) > 3, isRobot * COUNT(*) FROM events WHERE ${days} GROUP BY isRobot`,
  `SELECT city, COALESCE(city, 'none'), NULLIF(city, 'Zürich'), city IS NULL, city = 'Berlin', city <> '東京' FROM events WHERE ${days} GROUP BY city`,
  `SELECT tags, COALESCE(tags, 'none'), NULLIF(tags, 'x"y'), tags IS NOT NULL, tags = 'vip' FROM events WHERE ${days} GROUP BY tags`,
  `SELECT latency IS NULL, COUNT(*) FROM events WHERE ${hours} GROUP BY latency`,
  `SELECT country, CAST(SUM(price) AS BIGINT), CAST(SUM(price) AS BIGINT) / 7, CAST(SUM(added) AS BIGINT) FROM events WHERE ${days} GROUP BY 1`,
  // HAVING.
  `SELECT country, COUNT(*) FROM events WHERE ${days} GROUP BY 1 HAVING COUNT(*) > 100`,
  `SELECT country, COUNT(*) FROM events WHERE ${days} GROUP BY 1 HAVING COUNT(*) > 80.5 AND COUNT(*) <= 250.5 OR SUM(added) < 9000`,
  `SELECT city, SUM(price) FROM events WHERE ${days} GROUP BY 1 HAVING SUM(price) > 14000 AND AVG(added) < 130 AND NOT COUNT(*) = 0`,
  `SELECT page, COUNT(*) FROM events WHERE ${days} GROUP BY 1 HAVING SUM(added) / COUNT(*) = 100 AND SUM(added) * 1.0 / COUNT(*) > 100.1`,
  `SELECT page, SUM(latency) FROM events WHERE ${days} GROUP BY 1 HAVING SUM(latency) IS NULL`,
  `SELECT page, SUM(added) ${NO} FROM events WHERE ${days} GROUP BY 1 HAVING SUM(added) ${NO} > 5 OR COUNT(*) > 8`,
  `SELECT page, COUNT(*) FROM events WHERE ${days} GROUP BY 1 HAVING NOT (SUM(added) FILTER (WHERE device = 'tv') > 100)`,
  `SELECT page, COUNT(*) FROM events WHERE ${days} GROUP BY 1 HAVING COALESCE(SUM(added) FILTER (WHERE device = 'tv'), 0) > 100 AND NULLIF(COUNT(*), 2) IS NOT NULL`,
  `SELECT page, MAX(reqId) FROM events WHERE ${days} GROUP BY 1 HAVING MAX(reqId) - MIN(reqId) > 10000 AND SUM(reqId) < 0`,
  `SELECT user, MIN(__time) FROM events WHERE ${days} GROUP BY 1 HAVING COUNT(*) > 1`,
  `SELECT COUNT(*), SUM(added) FROM events WHERE ${days} HAVING COUNT(*) > 0`,
  `SELECT COUNT(*), SUM(added) FROM events WHERE ${days} HAVING COUNT(*) < 0`,
  // Order and cut.
  `SELECT page, COUNT(*) AS n FROM events WHERE ${days} GROUP BY 1 ORDER BY n DESC, page LIMIT 20`,
  `SELECT page, COUNT(*) AS n FROM events WHERE ${days} GROUP BY 1 ORDER BY n, page DESC LIMIT 20 OFFSET 7`,
  `SELECT page, SUM(added) / COUNT(*) AS r FROM events WHERE ${days} GROUP BY 1 ORDER BY r DESC`,
  `SELECT city, device FROM events WHERE ${days} GROUP BY 1, 2 ORDER BY SUM(added) * 1.0 / COUNT(*) DESC, 1 LIMIT 15`,
  `SELECT city, device, SUM(latency) ${NO} FROM events WHERE ${days} GROUP BY 1, 2 ORDER BY SUM(latency) ${NO}, 2 DESC, 1 LIMIT 15`,
  `SELECT page, SUM(latency) AS l FROM events WHERE ${days} GROUP BY 1 HAVING COUNT(*) > 0 ORDER BY l LIMIT 9`,
  `SELECT page, NULLIF(COUNT(*), 3) AS l FROM events WHERE ${days} GROUP BY 1 HAVING COUNT(*) > 0 ORDER BY l DESC LIMIT 400`,
  `SELECT country, SUM(reqId) AS s FROM events WHERE ${days} GROUP BY 1 ORDER BY s DESC, country LIMIT 8`,
  `SELECT country, MAX(__time) AS s FROM events WHERE ${days} GROUP BY 1 ORDER BY s DESC, country LIMIT 8`,
  `SELECT country, COUNT(*) > 200 AS s FROM events WHERE ${days} GROUP BY 1 ORDER BY s DESC, CAST(COUNT(*) AS DOUBLE) LIMIT 8`,
  `SELECT weight, COUNT(*) AS s FROM events WHERE ${days} GROUP BY 1 ORDER BY weight DESC, s LIMIT 20`,
  // Nothing at all.
  `SELECT COUNT(*), SUM(added), MIN(price), MAX(__time), AVG(latency), COUNT(*) + 1, SUM(added) + 1, COALESCE(SUM(added), 0), COUNT(*) > 5, 1, 'x' FROM events WHERE ${nothing}`,
  `SELECT country, COUNT(*) FROM events WHERE ${nothing} GROUP BY 1`,
  `SELECT COUNT(*), MAX(CASE WHEN country = 'US' THEN 1 ELSE 0 END) FROM events WHERE ${nothing} GROUP BY ()`,
  `SELECT COUNT(*), SUM(added) FROM events WHERE ${nothing} HAVING COUNT(*) > 0`,
  `SELECT COUNT(*), SUM(added) FROM events WHERE ${nothing} HAVING COUNT(*) >= 0`,
  `SELECT 'x', COUNT(*) FROM events WHERE ${nothing} GROUP BY city, 1`,
  // Other tables, and SELECTs inside.
  `SELECT country, SUM(cnt), SUM(added), AVG(price) FROM events_rollup WHERE ${days} GROUP BY 1`,
  `SELECT channel, device, SUM(cnt) AS n, SUM(price) / SUM(cnt) FROM events_rollup WHERE ${days} GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT 12`,
  `SELECT country, device, COUNT(*), SUM(added), MIN(__time), MAX(price) FROM dst WHERE __time >= TIMESTAMP '2026-10-31' AND __time < TIMESTAMP '2026-11-03 05:00:00' GROUP BY 1, 2`,
  `SELECT country, SUM(added) AS s FROM (SELECT __time, country, added FROM events WHERE device = 'tv') WHERE ${days} GROUP BY 1`,
]

export const NOT_COMPUTABLE = ({ days }: Where): readonly string[] => [
  // Druid prints less of an INTEGER and of a DATE than it computes with.
  `SELECT MAX(TIMESTAMPDIFF(MILLISECOND, TIMESTAMP '2026-01-01', __time)) FROM events WHERE ${days}`,
  `SELECT device, MAX(MOD(added, 7) * 1000000000), COUNT(*) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT CAST(MOD(added, 2) * 4294967296 AS INTEGER) AS a, COUNT(*) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT device, COUNT(*) FROM events WHERE ${days} GROUP BY 1 HAVING MAX(added * 1000000000) > 0 AND MIN(CHAR_LENGTH(page) * 1000000000) > 0`,
  `SELECT CAST(__time AS DATE) + INTERVAL '1' HOUR * isRobot AS d, COUNT(*) FROM events WHERE ${days} GROUP BY 1`,
  `SELECT MAX(CAST(CAST(__time AS DATE) + INTERVAL '1' HOUR * isRobot AS DATE)) FROM events WHERE ${days}`,
  `SELECT tags, COUNT(*) FROM events WHERE ${days} GROUP BY tags HAVING tags = 'vip'`,
  `SELECT isRobot, COUNT(*) FROM events WHERE ${days} GROUP BY 1 HAVING isRobot = 1 OR COUNT(*) > 5`,
  `SELECT country, COUNT(*) FROM events WHERE ${days} GROUP BY 1 HAVING CAST(SUM(price) AS BIGINT) = 88786`,
  `SELECT country, CAST(SUM(price) AS BIGINT) AS c FROM events WHERE ${days} GROUP BY 1 ORDER BY c`,
  `SELECT CAST(CAST(MAX(price) AS BIGINT) AS DOUBLE) FROM events WHERE ${days}`,
  `SELECT CAST(CAST(MAX(reqId) AS DOUBLE) AS BIGINT) FROM events WHERE ${days}`,
  `SELECT MAX(latency) + 1 FROM events WHERE ${days}`,
  `SELECT country, COUNT(*) FROM events WHERE ${days} GROUP BY 1 HAVING MAX(latency) > 67.236`,
  `SELECT country > 'F', COUNT(*) FROM events WHERE ${days} GROUP BY country`,
  `SELECT country, COALESCE(country, 'x') AS c, COUNT(*) FROM events WHERE ${days} GROUP BY country ORDER BY c`,
  `SELECT COUNT(*) * (1.0 / 3) FROM events WHERE ${days}`,
  `SELECT country, COUNT(*) FROM events WHERE ${days} GROUP BY country HAVING 3 > 2`,
  `SELECT MIN(__time) = MAX(__time), COUNT(*) FROM events WHERE ${days}`,
  `SELECT COUNT(*) + 123456789012345678 FROM events WHERE ${days}`,
  `SELECT city = '🌍', COUNT(*) FROM events WHERE ${days} GROUP BY city`,
  `SELECT MV_TO_ARRAY(tags), COUNT(*) FROM events WHERE ${days} GROUP BY 1 ORDER BY 1`,
]

export const UNSURE: readonly (readonly [string, (where: Where) => string])[] = [
  ['by zero', ({ days }) => `SELECT SUM(added) / (COUNT(*) - COUNT(*)) FROM events WHERE ${days}`],
  ['by a literal zero', ({ days }) => `SELECT country, SUM(added) / 0 FROM events WHERE ${days} GROUP BY 1`],
  [
    'by zero in one group of many, which HAVING would drop',
    ({ days }) =>
      `SELECT page, SUM(added) / COUNT(*) FILTER (WHERE device = 'tv') FROM events WHERE ${days} GROUP BY 1 HAVING COUNT(*) FILTER (WHERE device = 'tv') > 0`,
  ],
  ['a comparison of NaN', ({ days }) => `SELECT (MAX(price) - MAX(price)) / 0 > 5 FROM events WHERE ${days}`],
  ['-0.0 compared', ({ days }) => `SELECT weight, weight = 0 FROM events WHERE ${days} GROUP BY weight`],
  [
    'a sum beside itself',
    ({ days }) => `SELECT AVG(price) * COUNT(price) = SUM(price) FROM events WHERE ${days}`,
  ],
  ['what is left of two sums', ({ days }) => `SELECT AVG(reqId) - MAX(reqId) FROM events WHERE ${days}`],
  ['a long past 2^53 beside a double', ({ days }) => `SELECT MAX(reqId) > 0.5 FROM events WHERE ${days}`],
  ['INTEGER that overflows', ({ days }) => `SELECT MAX(2147483647) + 1 FROM events WHERE ${days}`],
]
