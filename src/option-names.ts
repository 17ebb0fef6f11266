type Entries = Record<string, unknown>

/** The fields of an object schema, or of an optional one. */
function entriesOf(node: unknown): Entries | undefined {
  const { entries, wrapped } = node as { entries?: Entries; wrapped?: unknown }
  return entries ?? (wrapped ? entriesOf(wrapped) : undefined)
}

/** Options of other packages that mean one of ours. */
const elsewhere: Readonly<Record<string, string>> = { maxAge: 'session.ttl (seconds)' }

function hintFor(key: string, known: string[]): string {
  const named = Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined
  if (named !== undefined) return `, use \`${named}\``
  const { closest, distance } =
    require('fastest-levenshtein') as typeof import('fastest-levenshtein')
  const near = closest(key.toLowerCase(), known)
  const close = distance(key.toLowerCase(), near) <= Math.max(2, near.length / 2)
  return close ? `, did you mean \`${near}\`?` : ''
}

/**
 * Options that no schema knows, each with the name that was probably meant.
 *
 * @param entries - the schemas of all options
 * @param app - those of one mini program in the list `apps`
 */
export function unknownOptions(entries: Entries, app: Entries, options: object): string[] {
  const within = (known: Entries, value: object, path: string): string[] =>
    Object.entries(value).flatMap(([key, inner]) => {
      const entry = Object.hasOwn(known, key) ? known[key] : undefined
      if (entry === undefined) {
        return [`${path}${key}: unknown option${hintFor(key, Object.keys(known))}`]
      }
      if (key === 'apps' && Array.isArray(inner)) {
        return inner.flatMap((item: unknown, i) =>
          typeof item === 'object' && item !== null ? within(app, item, `apps.${String(i)}.`) : [],
        )
      }
      const deeper = entriesOf(entry)
      return deeper && typeof inner === 'object' && inner !== null
        ? within(deeper, inner, `${path}${key}.`)
        : []
    })
  return within(entries, options, '')
}
