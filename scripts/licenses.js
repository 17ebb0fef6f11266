import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The folders of the packages whose code esbuild put into a bundle. */
export function packagesIn({ inputs }) {
  const folders = Object.keys(inputs).map(
    (input) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(resolve(input))?.[0],
  )
  return [...new Set(folders)].filter((folder) => folder !== undefined)
}

const heading = ({ name, version, license }) => `## ${name} ${version} (${license})`

function section(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
  if (!file || !manifest.license)
    throw new Error(`${folder} does not say under which license it is`)
  return `${heading(manifest)}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
}

/** Writes the licenses of packages whose code we hand on: most of them want to be handed on with it. */
export function writeLicenses(file, folders) {
  const sections = [...new Set(folders)].map(section).toSorted()
  writeFileSync(
    file,
    `Code of these packages is in the files beside this one.\n\n${sections.join('\n')}`,
  )
}

/** The packages that such a file names. */
export function readLicenses(file) {
  const headings = readFileSync(file, 'utf8').matchAll(/^## (\S+) (\S+) \((.+)\)$/gm)
  return [...headings].map(([, name, version, license]) => ({ name, version, license }))
}
