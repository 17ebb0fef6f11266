import express, { type RequestHandler, Router } from 'express'
import { getWx, requireWxSession } from 'express-wx-login'
import { readAvatarUpload } from './avatar-upload.js'
import { avatarId, type Avatars } from './avatars.js'
import { type Notes, parseNote } from './notes.js'

/** The app itself. Its guard is the plugin's; `getWx(req)` says who is asking. */
export function appRoutes(notes: Notes, avatars: Avatars, events: RequestHandler): Router {
  const router = Router()

  // No guard: answers everybody, also while Redis is away.
  router.get('/public', (_req, res) => {
    res.json({ message: 'Everybody may read this.' })
  })

  router.use('/me', requireWxSession, (_req, res, next) => {
    res.set('Cache-Control', 'no-store') // one user's data, not for a cache on the way
    next()
  })

  // A demonstration: a real app keeps openid and unionid to itself and sends `user` only.
  router.get('/me', (req, res) => {
    const { appid, openid, unionid, user } = getWx(req)
    res.json({ appid, openid, unionid: unionid ?? null, user })
  })

  router.post('/me/notes', express.json({ limit: '16kb' }), async (req, res) => {
    const note = await notes.add(getWx(req), parseNote(req.body))
    res.status(201).json({ note })
  })

  router.get('/me/notes', async (req, res) => {
    res.json({ notes: await notes.list(getWx(req)) })
  })

  router.post('/me/avatar', async (req, res) => {
    const { picture, nickName } = await readAvatarUpload(req, res)
    const wx = getWx(req)
    // Into the session too: GET /me and everything else that reads req.wx.user sees it from now on.
    wx.user = await avatars.save(wx, picture, nickName)
    res.json({ user: wx.user })
  })

  // No guard: the image component sends no token. Who has the address was given it.
  router.get('/avatars/:id', async (req, res, next) => {
    const { id } = req.params
    const picture = avatarId.test(id) ? await avatars.find(id) : undefined
    if (picture === undefined) return next()
    res.set({
      'Cache-Control': 'public, max-age=31536000, immutable',
      // Whatever is in the file: nothing in it may run, and no browser may take it for something else.
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'cross-origin',
    })
    res.type(picture.type).send(Buffer.from(picture.bytes))
  })

  // Stays open until the session ends.
  router.get('/me/events', events)

  return router
}
