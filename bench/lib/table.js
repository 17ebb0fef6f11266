/** How wide a text is in a terminal, as far as these tables need it: Chinese characters take two places. */
const widthOf = (text) =>
  [...text].reduce((sum, c) => sum + (/[⺀-鿿豈-﫿＀-￯]/u.test(c) ? 2 : 1), 0)

const isNumber = (text) => /^[+-]?[\d ]+(\.\d+)?$/.test(text)

/**
 * A table as text, for a terminal.
 *
 * @param {string[]} columns
 * @param {string[][]} rows
 */
export function fitted(columns, rows) {
  const plain = (cell) => cell.replaceAll(/[*`]/g, '')
  const lines = [columns, ...rows].map((row) => row.map(plain))
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => widthOf(line[i] ?? ''))))
  const toRight = columns.map((_, i) =>
    lines.slice(1).every((line) => !line[i] || isNumber(line[i])),
  )
  return lines
    .map((line) =>
      line
        .map((cell, i) => {
          const space = ' '.repeat(widths[i] - widthOf(cell))
          return toRight[i] ? space + cell : cell + space
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/**
 * A table in Markdown.
 *
 * @param {string[]} columns
 * @param {string[][]} rows
 */
export function markdown(columns, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const rules = columns.map((_, i) =>
    rows.every((row) => !row[i] || isNumber(row[i])) ? '---:' : '---',
  )
  return [line(columns), `| ${rules.join(' | ')} |`, ...rows.map(line)].join('\n')
}
