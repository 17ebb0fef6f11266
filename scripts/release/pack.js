// npm run release:pack [-- v1.2.3]: all that a release publishes, in release/. What is tested is this, and what is
// published is this.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { notesOf } from './changelog.js'
import { sbomOf } from './sbom.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const release = join(root, 'release')
const packages = [root, join(root, 'client')]

const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

function checkVersions(tag) {
  const versions = packages.map((folder) => manifestOf(folder).version)
  const wanted = tag === undefined ? versions[0] : tag.replace(/^v/, '')
  if (versions.some((version) => version !== wanted)) {
    throw new Error(`The packages are ${versions.join(' and ')}, the release is ${wanted}`)
  }
  return wanted
}

function pack(folder, version) {
  const { name } = manifestOf(folder)
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', release], {
    cwd: folder,
  })
  writeFileSync(join(release, `${name}-${version}.cdx.json`), sbomOf(folder))
}

/** As `sha256sum --check` reads it. */
function sums() {
  return readdirSync(release)
    .map((name) => {
      const hash = createHash('sha256').update(readFileSync(join(release, name)))
      return `${hash.digest('hex')}  ${name}\n`
    })
    .join('')
}

const [tag] = process.argv.slice(2)
const version = checkVersions(tag)
rmSync(release, { recursive: true, force: true })
mkdirSync(release)
for (const folder of packages) pack(folder, version)
// Without a tag it is a rehearsal, and the changelog may not have the version yet.
if (tag !== undefined) {
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  writeFileSync(join(release, 'notes.md'), notesOf(changelog, version))
}
writeFileSync(join(release, 'SHA256SUMS'), sums())
process.stdout.write(`${readdirSync(release).join('\n')}\n`)
