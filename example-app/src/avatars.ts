import { randomBytes } from 'node:crypto'
import type { WxIdentity } from 'express-wx-login'
import type { Database } from './database.js'
import { type PublicUser, toPublicUser, userColumns, type UserRow } from './users.js'

/** A picture as it is kept and sent. */
export interface Picture {
  /** One of the types that {@link readAvatarUpload} lets in. */
  type: string
  bytes: Uint8Array
}

export interface Avatars {
  /** Keeps the picture in place of the user's last one, and the name where there is one; returns the user. */
  save(owner: WxIdentity, picture: Picture, nickName?: string): Promise<PublicUser>
  /** The picture at an address that `save` made; undefined once another has taken its place. */
  find(id: string): Promise<Picture | undefined>
}

/** What an id looks like; nothing else needs a look into the database. */
export const avatarId = /^[\w-]{22}$/

/** Where a picture is: on this server, so that the address is right behind every proxy and name. */
export const avatarPath = (id: string): string => `/avatars/${id}`

// One statement, so that the user's row and the picture never disagree.
const saveAvatar = `
  with picture as (
    insert into avatars (id, appid, openid, type, bytes) values ($1, $2, $3, $4, $5)
    on conflict (appid, openid) do update
      set id = excluded.id, type = excluded.type, bytes = excluded.bytes
  )
  insert into users (appid, openid, avatar_url, nickname) values ($2, $3, $6, $7)
  on conflict (appid, openid) do update set
    avatar_url = excluded.avatar_url,
    nickname = coalesce(excluded.nickname, users.nickname)
  returning ${userColumns}`

export function createAvatars(database: Database): Avatars {
  return {
    async save({ appid, openid }, { type, bytes }, nickName) {
      // 128 bits: whoever does not know the address does not find it, and a new picture is a new address.
      const id = randomBytes(16).toString('base64url')
      const values = [id, appid, openid, type, bytes, avatarPath(id), nickName ?? null]
      const { rows } = await database.query<UserRow>(saveAvatar, values)
      return toPublicUser(rows[0]!)
    },
    async find(id) {
      const { rows } = await database.query<Picture>(
        'select type, bytes from avatars where id = $1',
        [id],
      )
      return rows[0]
    },
  }
}
