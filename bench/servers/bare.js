// Express alone: what a request costs before anybody asks who sends it.
import { createApp, refuse } from './common.js'

export async function start() {
  const app = createApp()
  const openid = 'o6_bmjrPTlm6_2sgVt7hMZOP0000'
  app.get('/me', (_req, res) => void res.json({ openid }))
  app.get('/public', (_req, res) => void res.json({ ok: true }))
  app.get('/refused', (_req, res) => void refuse(res))
  return { app, logIn: async () => ({ openid, headers: {} }) }
}
