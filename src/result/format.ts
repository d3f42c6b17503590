// How a client wants its rows written (`SqlQuery` and `ResultFormat` of Druid 33.0.0).

export const RESULT_FORMATS = ['object', 'array', 'objectLines', 'arrayLines', 'csv'] as const
export type ResultFormat = (typeof RESULT_FORMATS)[number]

export interface WireFormat {
  readonly resultFormat: ResultFormat
  readonly header: boolean
  readonly typesHeader: boolean
  readonly sqlTypesHeader: boolean
}

/** What Ovate asks of Druid whenever it may keep the answer: everything from which each other form can be written. */
export const KEPT_FORMAT: WireFormat = {
  resultFormat: 'array',
  header: true,
  typesHeader: true,
  sqlTypesHeader: true,
}
