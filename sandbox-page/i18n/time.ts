import type { Lang } from './lang.js'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const units = {
  en: { d: ' d', h: ' h', min: ' min', s: ' s', ms: ' ms' },
  zh: { d: ' 天', h: ' 小时', min: ' 分', s: ' 秒', ms: ' 毫秒' },
} as const

/** Time that is left, with the two units that matter: `4:31`, `1 h 59 min`, `6 d 23 h`. */
export function countdown(ms: number, lang: Lang): string {
  const unit = units[lang]
  const left = Math.max(0, ms)
  if (left < hour) {
    const seconds = Math.floor((left % minute) / second)
    return `${String(Math.floor(left / minute))}:${String(seconds).padStart(2, '0')}`
  }
  return left < day
    ? `${whole(left, hour)}${unit.h} ${whole(left % hour, minute)}${unit.min}`
    : `${whole(left, day)}${unit.d} ${whole(left % day, hour)}${unit.h}`
}

/** A length of time in the largest units that it fills: `3 s`, `2 h 5 min`, `30 d`. */
export function duration(ms: number, lang: Lang): string {
  const unit = units[lang]
  if (ms < second) return `${String(Math.round(ms))}${unit.ms}`
  const parts = [
    [day, unit.d],
    [hour, unit.h],
    [minute, unit.min],
    [second, unit.s],
  ] as const
  let left = Math.round(ms / second) * second
  const said: string[] = []
  for (const [size, name] of parts) {
    if (left >= size) said.push(`${whole(left, size)}${name}`)
    left %= size
  }
  return said.slice(0, 2).join(' ')
}

const format = (time: number, lang: Lang, o: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(lang === 'zh' ? 'zh-CN' : 'en-GB', o).format(time)

/** A time of day, with the date. */
export const moment = (time: number, lang: Lang): string =>
  format(time, lang, { dateStyle: 'medium', timeStyle: 'medium' })

/** A time of day. */
export const timeOfDay = (time: number, lang: Lang): string =>
  format(time, lang, { timeStyle: 'medium' })

const whole = (ms: number, size: number): string => String(Math.floor(ms / size))
