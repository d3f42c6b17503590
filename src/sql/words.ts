// Words of Calcite's grammar that decide how the words round them are read.

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '))
}

/** Words that can't be a bare identifier (SqlParserImpl's reserved words, Druid 33.0.0): their case means nothing. */
export const RESERVED = words(
  'ALL AND ANY ARRAY AS BETWEEN BIGINT BOOLEAN BOTH BY CASE CAST CHAR CROSS CUBE CURRENT_DATE CURRENT_TIME ' +
    'CURRENT_TIMESTAMP DATE DECIMAL DISTINCT DOUBLE ELSE END ESCAPE EXCEPT EXISTS EXPLAIN EXTRACT FALSE FETCH FILTER ' +
    'FLOAT FOR FROM FULL GROUP GROUPING HAVING IN INNER INSERT INTEGER INTERSECT INTERVAL INTO IS JOIN LATERAL LEADING ' +
    'LEFT LIKE LIMIT LOCALTIME LOCALTIMESTAMP NATURAL NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION RANGE RIGHT ' +
    'ROLLUP ROW ROWS SELECT SET SIMILAR SOME TABLE THEN TIME TIMESTAMP TO TRAILING TRUE UNION UNKNOWN USING VALUES ' +
    'VARCHAR WHEN WHERE WINDOW WITH WITHIN',
)

/** Keywords that stay as they are in the normalised text. */
export const KEPT = words(
  'SELECT DISTINCT ALL FROM WHERE GROUP BY HAVING ORDER UNION INTERSECT EXCEPT WITH AS ON USING JOIN INNER LEFT RIGHT FULL ' +
    'OUTER NATURAL NOT IN IS NULL TRUE FALSE LIKE WHEN THEN ELSE ESCAPE',
)

/** Of these, the ones that end a run of AND and OR. */
export const BOUNDARY = words(
  'SELECT FROM WHERE GROUP BY HAVING ORDER UNION INTERSECT EXCEPT WITH AS ON USING JOIN INNER LEFT RIGHT FULL OUTER NATURAL ' +
    'WHEN THEN ELSE',
)

/** Words before an expression: a name and a bracket behind one of them are a call, not an alias with columns. */
export const BEFORE_EXPRESSION = words(
  'SELECT DISTINCT ALL FROM WHERE BY HAVING ON USING JOIN AND OR NOT IN LIKE BETWEEN CASE WHEN THEN ELSE ESCAPE BOTH ' +
    'LEADING TRAILING FOR PLACING VALUE KEY TO LATERAL TABLE',
)

/** Statements and clauses that aren't analysed: a text that has one bare passes. */
export const NOT_ANALYSED = words(
  'RECURSIVE PIVOT UNPIVOT MATCH_RECOGNIZE TABLESAMPLE QUALIFY EXTEND SYSTEM_TIME',
)

/** Bare words whose value is the moment of planning. */
export const NOW_WORDS = words('CURRENT_TIMESTAMP CURRENT_DATE CURRENT_TIME LOCALTIME LOCALTIMESTAMP')

/** Functions whose value is the moment of planning. Druid 33 has none of them; a later one or an extension may. */
export const NOW_FUNCTIONS = words(
  'NOW SYSDATE GETDATE CURDATE CURTIME UNIX_TIMESTAMP SYSTIMESTAMP TRANSACTION_TIMESTAMP',
)

/** Functions whose value isn't given by text, data and moment. Druid 33 has none of them; an extension may. */
export const VOLATILE_FUNCTIONS = words('RAND RANDOM RAND_INTEGER UUID GEN_RANDOM_UUID NEWID SLEEP')

/** Units of time that Calcite takes after TO and in intervals. */
export const UNITS = words(
  'MILLISECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR DECADE CENTURY MILLENNIUM SECONDS MINUTES HOURS DAYS WEEKS ' +
    'MONTHS QUARTERS YEARS EPOCH DOW DOY ISODOW ISOYEAR MICROSECOND NANOSECOND',
)
