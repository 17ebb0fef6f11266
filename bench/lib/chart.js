import { grouped } from './statistics.js'

const width = 880
const labels = 380
const barsWidth = 300
const rowHeight = 26
const headHeight = 44

const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/**
 * One chart, `top` pixels from above.
 *
 * @param {import('./section.js').Chart} chart
 * @param {number} top
 */
function drawChart({ title, unit, bars }, top) {
  const most = Math.max(...bars.map(({ value }) => value))
  const rows = bars.map(({ label, value, detail, kind = 'other' }, i) => {
    const y = top + headHeight + i * rowHeight
    const length = Math.max(1, Math.round((value / most) * barsWidth))
    const figure = `${grouped(value)}${detail === undefined ? '' : `<tspan class="soft" dx="8">${escaped(detail)}</tspan>`}`
    return [
      `<text class="${kind}" x="${labels - 10}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${kind}" x="${labels}" y="${y + 2}" width="${length}" height="18" rx="2"/>`,
      `<text class="figure" x="${labels + length + 8}" y="${y + 15}">${figure}</text>`,
    ].join('\n')
  })
  const axis = `<line x1="${labels}" y1="${top + headHeight - 4}" x2="${labels}" y2="${top + heightOf({ bars }) - 8}"/>`
  return [
    `<text class="title" x="16" y="${top + 24}">${escaped(title)} (${escaped(unit)})</text>`,
    ...rows,
    axis,
  ].join('\n')
}

const heightOf = ({ bars }) => headHeight + bars.length * rowHeight + 8

/**
 * Bar charts under each other as an SVG that can be read on light and dark ground.
 *
 * @param {import('./section.js').Chart[]} charts
 * @param {string} caption - how it was measured
 */
export function drawCharts(charts, caption) {
  let top = 0
  const drawn = charts.map((chart) => {
    const text = drawChart(chart, top)
    top += heightOf(chart)
    return text
  })
  const height = top + 32
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(charts.map(({ title }) => title).join('; ')).replaceAll('"', '&quot;')}">
<style>
text { font: 13px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
text.ours { font-weight: 600 }
.soft, .caption { fill: #59636e }
.caption { font-size: 11px }
rect.other { fill: #8c959f }
rect.ours { fill: #07a35a }
line { stroke: #8c959f; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .soft, .caption { fill: #9198a1 }
  rect.other { fill: #656c76 }
  rect.ours { fill: #2bb673 }
}
</style>
${drawn.join('\n')}
<text class="caption" x="16" y="${top + 16}">${escaped(caption)}</text>
</svg>
`
}
