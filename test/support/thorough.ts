// Whether tests have the time for all of their cases and rounds: with OVATE_THOROUGH=1, else about half of it.

export const THOROUGH = process.env['OVATE_THOROUGH'] === '1'
