import type { ApiRequest } from './endpoints/endpoint.js'
import type { World } from './world.js'

/** Whom a request of a server is about, where its code or openid tells; null where not. */
export function userOf(world: World, { query, body, path }: ApiRequest): string | null {
  const code = query.get('js_code')
  if (code !== null) return world.codes.nameOf(code) ?? null
  const openid = query.get('openid')
  if (openid !== null) return nameOf(world, openid)
  if (path !== '/wxa/business/getuserphonenumber') return null
  try {
    const json = JSON.parse(body) as { code?: unknown } | null
    return typeof json?.code === 'string' ? (world.codes.nameOf(json.code) ?? null) : null
  } catch {
    return null
  }
}

function nameOf(world: World, openid: string): string | null {
  for (const { appid } of world.apps.all) {
    const name = world.users.nameOf(openid, appid)
    if (name !== undefined) return name
  }
  return null
}
