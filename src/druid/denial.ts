// How Druid says that who asks may not have what was asked for.

/** Whether a status is Druid's word about the asker, not about the question: unknown (401), or without the right (403). */
export function isDenial(status: number): boolean {
  return status === 401 || status === 403
}
