import { createHash } from 'node:crypto'

/** The commands of a client that run scripts. */
export interface Scripting {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** Runs a script on one key, or on several of one cluster slot. */
export type Script = (
  redis: Scripting,
  key: string | readonly string[],
  ...args: (string | number)[]
) => Promise<unknown>

/** A Lua script, sent whole only to a server that does not know it yet. */
export function createScript(text: string): Script {
  const sha = createHash('sha1').update(text).digest('hex')
  return async (redis, key, ...args) => {
    const call = { keys: typeof key === 'string' ? [key] : [...key], arguments: args.map(String) }
    try {
      return await redis.evalSha(sha, call)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return redis.eval(text, call)
    }
  }
}

/** Drops a key only while it holds this very text: what was written over it meanwhile is another's. */
export const compareAndDrop = createScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)
