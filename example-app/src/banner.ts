import type { Status } from './status.js'

/** What a person sees after the start. In colour on a terminal only. */
export function banner(status: Status, colour: boolean): string {
  const bold = (text: string) => (colour ? `\x1b[1m${text}\x1b[0m` : text)
  const loud = (text: string) => (colour ? `\x1b[1;33m${text}\x1b[0m` : text)
  const lines = [
    '',
    `express-wx-login example app:  ${bold(status.url)}`,
    '',
    ...(status.sandboxPage === undefined
      ? []
      : [`  Open ${bold(status.sandboxPage)}: a phone, and a login as it happens`, '']),
    `  WeChat    ${status.wechat}`,
    `  Sessions  ${status.sessions}`,
    `  Database  ${status.database}`,
    '',
    ...status.warnings.map((warning) => loud(`  ! ${warning}`)),
    ...(status.warnings.length > 0 ? [''] : []),
  ]
  if (status.walk)
    lines.push('Log in as alice: paste these three lines into a shell', '', ...status.walk, '')
  return lines.join('\n')
}
