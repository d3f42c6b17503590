const given = process.env['OVATE_SEED']

/** What random tests begin with: another one for each run, or the one that is given. */
export const SEED = given === undefined ? Date.now() % 1_000_000_000 : Number(given)
