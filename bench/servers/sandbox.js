// The sandbox, as `npx express-wx-login sandbox` starts it.
import { createSandbox } from 'express-wx-login/sandbox'

/** Below WeChat's limit of a hundred exchanges a minute for one user. */
const codesOfUser = 50

export function start() {
  const sandbox = createSandbox()
  const { appid, secret } = sandbox
  let users = 0
  const nextUser = () => {
    users += 1
    return sandbox.user(`user-${users}`)
  }
  return {
    app: sandbox.handler,
    answers: {
      /** Paths that exchange a code each, all of them fresh. */
      exchanges(count) {
        /** @type {string[]} */
        const paths = []
        while (paths.length < count) {
          const user = nextUser()
          for (let i = 0; i < codesOfUser; i += 1) {
            const query = new URLSearchParams({
              appid,
              secret,
              js_code: user.login(),
              grant_type: 'authorization_code',
            })
            paths.push(`/sns/jscode2session?${query}`)
          }
        }
        return paths
      },
      /** How the last exchanges of the journal went: errcodes that are no 0. */
      errors: () =>
        sandbox.requests
          .filter(({ path }) => path === '/sns/jscode2session')
          .map(({ errcode }) => errcode)
          .filter((errcode) => errcode !== 0),
    },
  }
}
