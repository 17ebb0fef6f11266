/**
 * @typedef {object} Frame
 * @property {string} functionName
 * @property {string} url
 * @property {number} lineNumber
 */

/** @typedef {{ group: string, name: string, where: string, ms: number }} SelfTime */

const special = {
  '(garbage collector)': 'garbage collection',
  '(idle)': 'idle',
  '(program)': 'program (native code without a name)',
  '(root)': 'program (native code without a name)',
}

const cryptoNames = /hash|hmac|digest|cipher|timingsafeequal|random|sign|verify|keyobject/i

/** Packages that belong to one part; every other one of node_modules is Express' own. */
const packages = [
  ['redis client', /^(@redis\/.*|redis|cluster-key-slot|generic-pool)$/],
  ['express-session', /^(express-session|connect-redis|uid-safe|random-bytes|on-headers)$/],
  ['express-wx-login', /^(cockatiel|cookie-signature|valibot|saxes|fastest-levenshtein|undici)$/],
]

/**
 * The part of a request that a function belongs to.
 *
 * @param {Frame} frame
 */
function groupOf({ functionName, url }) {
  if (Object.hasOwn(special, functionName)) return special[functionName]
  if (url === '') return cryptoNames.test(functionName) ? 'native crypto' : 'node internals'
  if (url.startsWith('node:')) {
    return url.startsWith('node:internal/crypto') ? 'native crypto' : 'node internals'
  }
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
  if (name === undefined) return /\/dist\//.test(url) ? 'express-wx-login' : 'the app'
  return packages.find(([, pattern]) => pattern.test(name))?.[0] ?? 'express'
}

/** A place in a few words: the package, or the file in the repository, and the line. */
const placeOf = ({ url, lineNumber }) =>
  url === ''
    ? ''
    : `${url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/(dist|bench)\//, '$1/')}:${lineNumber + 1}`

/**
 * Self time of each function of a CPU profile, longest first.
 *
 * @param {{ nodes: { id: number, callFrame: Frame }[], samples: number[], timeDeltas: number[] }} profile
 * @returns {SelfTime[]}
 */
export function selfTimes({ nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  /** @type {Map<string, SelfTime>} */
  const found = new Map()
  for (const [i, id] of samples.entries()) {
    const frame = /** @type {Frame} */ (frames.get(id))
    const name = frame.functionName || '(anonymous)'
    const where = placeOf(frame)
    const key = `${name} ${where}`
    const entry = found.get(key) ?? { group: groupOf(frame), name, where, ms: 0 }
    entry.ms += timeDeltas[i] / 1000
    found.set(key, entry)
  }
  return [...found.values()].sort((a, b) => b.ms - a.ms)
}

/**
 * @param {SelfTime[]} times
 * @returns {[string, number][]} group and ms, longest first
 */
export function byGroup(times) {
  /** @type {Map<string, number>} */
  const groups = new Map()
  for (const { group, ms } of times) groups.set(group, (groups.get(group) ?? 0) + ms)
  return [...groups].sort((a, b) => b[1] - a[1])
}
