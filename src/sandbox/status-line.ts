import { STATUS_CODES } from 'node:http'

/** The first line of an HTTP answer. */
export const statusLine = (status: number, text = STATUS_CODES[status] ?? ''): string =>
  `HTTP/1.1 ${String(status)} ${text}`.trimEnd()
