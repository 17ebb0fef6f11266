/** The top-level fields of a session. */
export type Fields = Record<string, unknown>

const markLength = 8
const beforeMark = '{"of":"'
const afterMark = '",'

/**
 * A session as text, marked with the beginning of its id: should a connection ever give the answer to another
 * question, nobody is taken for somebody else.
 */
export const marked = (sid: string, session: object): string =>
  `${beforeMark}${sid.slice(0, markLength)}${afterMark}${JSON.stringify(session).slice(1)}`

/** A text without its mark. */
export function unmarked(text: string): string {
  const end = text.startsWith(beforeMark) ? text.indexOf(afterMark, beforeMark.length) : -1
  return end < 0 ? text : `{${text.slice(end + afterMark.length)}`
}

/** Whether a text is marked as the session of another id. */
export const isOfAnother = (sid: string, text: string): boolean =>
  text.startsWith(beforeMark) && !text.startsWith(sid.slice(0, markLength), beforeMark.length)

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * What two requests made of one session: their top-level fields, and over them those that this request changed
 * since it loaded `base`. Where both changed one field the later write wins. The login (`wx`) is never changed
 * by either.
 */
export function mergeSessions(base: Fields, theirs: Fields, mine: Fields): Fields {
  const merged = { ...theirs }
  for (const name of new Set([...Object.keys(base), ...Object.keys(mine)])) {
    if (name === 'wx' || same(base[name], mine[name])) continue
    if (Object.hasOwn(mine, name)) merged[name] = mine[name]
    else delete merged[name]
  }
  return merged
}

// A class gives its private fields to whatever its base returns.
// oxlint-disable-next-line typescript/no-extraneous-class -- that is all there is to it
class Given {
  constructor(session: object) {
    return session
  }
}

/**
 * Keeps with a session the text it was loaded from, or written as last. In a private field: nobody else sees it, no copy
 * has it, and it costs a fifth of what a hidden property does.
 */
export function createTexts(): {
  textOf(session: object): string | undefined
  setText(session: object, text: string): void
} {
  class Loaded extends Given {
    #text = ''

    static textOf(session: object): string | undefined {
      return #text in session ? session.#text : undefined
    }

    static setText(session: object, text: string): void {
      const loaded = #text in session ? session : (new Loaded(session) as Loaded)
      loaded.#text = text
    }
  }
  return Loaded
}
