import express, { type RequestHandler, Router } from 'express'
import { getWx, requireWxSession } from 'express-wx-login'
import { type Notes, parseNote } from './notes.js'

/** The app itself. Its guard is the plugin's; `getWx(req)` says who is asking. */
export function appRoutes(notes: Notes, events: RequestHandler): Router {
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

  // Stays open until the session ends.
  router.get('/me/events', events)

  return router
}
