import type { SetUpFault } from './start-up.js'

/** What is wrong with the version of Node: the same as `engines` in package.json says, which npm only warns of. */
export function nodeFaults(version: string = process.versions.node): SetUpFault[] {
  const [major, minor] = version.split('.').map(Number) as [number, number]
  const old = major < 20 || (major === 20 && minor < 19) || (major === 22 && minor < 12)
  const between = major === 21 || major === 23
  if (!old && !between) return []
  const text = `Node ${version}: ${between ? 'is not supported' : 'is too old'}, update to 20.19, 22.12, or 24 and newer`
  return [{ text, topic: 'node-version' }]
}
