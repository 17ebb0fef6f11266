import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { removeFolder, temporaryFolder } from '../support/services.js'

const root = join(__dirname, '../..')
const manifests = ['package.json', 'client/package.json', 'example-app/package.json']

/** A copy of what a release changes, in which `npm run release:…` runs. */
function copyForRelease(): string {
  const folder = temporaryFolder('release')
  const copied = [
    ...manifests,
    'package-lock.json',
    'CHANGELOG.md',
    'scripts',
    '.changeset/config.json',
  ]
  for (const path of copied) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

const versionIn = (folder: string, manifest: string): string =>
  (JSON.parse(readFileSync(join(folder, manifest), 'utf8')) as { version: string }).version

function node(folder: string, script: string, ...args: string[]): string {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
  return execFileSync(process.execPath, [join(folder, script), ...args], {
    ...{ cwd: folder, encoding: 'utf8', stdio },
  })
}

let folder: string
beforeEach(() => {
  folder = copyForRelease()
})
afterEach(() => removeFolder(folder))

describe('npm run release:version', () => {
  const [major, minor] = versionIn(root, 'package.json').split('.').map(Number) as [number, number]
  const next = `${String(major)}.${String(minor + 1)}.0`
  const changelog = (): string => readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')

  it('raises both packages as the changesets say, and dates what is unreleased', () => {
    const before = changelog()
    for (const [name, bump] of [
      ['express-wx-login', 'patch'],
      ['wx-login-client', 'minor'],
    ] as const) {
      writeFileSync(
        join(folder, `.changeset/${name}.md`),
        `---\n'${name}': ${bump}\n---\n\nNews.\n`,
      )
    }
    node(folder, 'scripts/release/version.js')
    expect(versionIn(folder, 'package.json')).toBe(next)
    expect(versionIn(folder, 'client/package.json')).toBe(next)
    expect(versionIn(folder, 'example-app/package.json')).toBe('0.0.0')
    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string }>
    }
    expect([lock.packages['']?.version, lock.packages['client']?.version]).toEqual([next, next])
    expect(readdirSync(join(folder, '.changeset'))).toEqual(['config.json'])
    const heading = new RegExp(
      `^## \\[Unreleased\\]\n\n## \\[${next}\\] - \\d{4}-\\d\\d-\\d\\d\n`,
      'm',
    )
    expect(changelog()).toMatch(heading)
    // All else is as it was written.
    expect(changelog().replace(heading, '## [Unreleased]\n')).toBe(before)
  }, 60_000)

  it('refuses to release a version twice', () => {
    node(folder, 'scripts/release/version.js')
    const after = changelog()
    expect(() => node(folder, 'scripts/release/version.js')).toThrow('CHANGELOG.md has')
    expect(changelog()).toBe(after)
  }, 60_000)
})

interface Bom {
  bomFormat: string
  metadata: { component: { name: string; version: string; purl: string } }
  components: {
    name: string
    version: string
    purl: string
    properties: { name: string; value: string }[]
  }[]
}

/** Name and version of everything that comes with the package, by the lock file. */
function runtimeDependencies(): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; dependencies?: Record<string, string> }>
  }
  const found = new Set<string>()
  const visit = (path: string): void => {
    for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
      const nested = `${path}/node_modules/${name}`
      const place = path !== '' && packages[nested] ? nested : `node_modules/${name}`
      const id = `${name}@${packages[place]!.version}`
      if (found.has(id)) continue
      found.add(id)
      visit(place)
    }
  }
  visit('')
  return [...found].toSorted()
}

test('npm run sbom lists exactly what comes with the package', () => {
  const bom = JSON.parse(node(root, 'scripts/release/sbom.js')) as Bom
  expect(bom.bomFormat).toBe('CycloneDX')
  const version = versionIn(root, 'package.json')
  expect(bom.metadata.component).toMatchObject({
    ...{ name: 'express-wx-login', version, purl: `pkg:npm/express-wx-login@${version}` },
  })
  const wanted = runtimeDependencies()
  expect(wanted).toContainEqual(expect.stringMatching(/^valibot@/))
  const isBundled = ({ properties }: Bom['components'][number]): boolean =>
    properties.some(({ name, value }) => name === 'cdx:npm:package:bundled' && value === 'true')
  const installed = bom.components.filter((component) => !isBundled(component))
  expect(installed.map(({ name, version }) => `${name}@${version}`).toSorted()).toEqual(wanted)
  // Beside them the code of others that the page of the sandbox has inside, with its licenses.
  const bundled = bom.components.filter(isBundled).map(({ name }) => name)
  expect(bundled).toEqual(expect.arrayContaining(['preact', 'j-component', 'miniprogram-exparser']))
  const licenses = readFileSync(join(root, 'dist/page/LICENSES.txt'), 'utf8')
  for (const name of bundled)
    expect(licenses).toMatch(new RegExp(`^## ${name} \\S+ \\(MIT\\)$`, 'm'))
  expect(licenses).toContain('Permission is hereby granted')
  for (const { name, purl } of bom.components) expect(purl).toContain(`pkg:npm/${name}@`)
}, 60_000)

describe('npm run release:pack', () => {
  const version = versionIn(root, 'package.json')

  /** Both packages as their `files` say, but of one file each: what they hold is tested elsewhere. */
  function withBuilds(): void {
    for (const file of ['dist/cjs/index.js', 'client/dist/esm/index.js']) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), '')
    }
  }

  it('makes two tarballs, their SBOMs, the notes of the version, and the sums of all that', () => {
    withBuilds()
    const dated = `# Changelog\n\n## [Unreleased]\n\n## [${version}] - 2026-01-31\n\n### Added\n\n- News.\n\n## [0.0.1] - 2026-01-01\n\n- Old.\n`
    writeFileSync(join(folder, 'CHANGELOG.md'), dated)
    node(folder, 'scripts/release/pack.js', `v${version}`)
    const release = join(folder, 'release')
    expect(readdirSync(release).toSorted()).toEqual([
      'SHA256SUMS',
      `express-wx-login-${version}.cdx.json`,
      `express-wx-login-${version}.tgz`,
      'notes.md',
      `wx-login-client-${version}.cdx.json`,
      `wx-login-client-${version}.tgz`,
    ])
    expect(readFileSync(join(release, 'notes.md'), 'utf8')).toBe('### Added\n\n- News.\n')
    const client = readFileSync(join(release, `wx-login-client-${version}.cdx.json`), 'utf8')
    expect(JSON.parse(client)).toMatchObject({
      ...{ metadata: { component: { name: 'wx-login-client', version } }, components: [] },
    })
    const sums = readFileSync(join(release, 'SHA256SUMS'), 'utf8').trim().split('\n')
    expect(sums).toHaveLength(5)
    for (const line of sums) {
      const [sum, name] = line.split('  ') as [string, string]
      const content = readFileSync(join(release, name))
      expect([name, createHash('sha256').update(content).digest('hex')]).toEqual([name, sum])
    }
  }, 60_000)

  it('refuses the tag of another version, and a version of which the changelog says nothing', () => {
    withBuilds()
    expect(() => node(folder, 'scripts/release/pack.js', 'v99.0.0')).toThrow(
      'the release is 99.0.0',
    )
    writeFileSync(join(folder, 'CHANGELOG.md'), '# Changelog\n\n## [Unreleased]\n\n- News.\n')
    expect(() => node(folder, 'scripts/release/pack.js', `v${version}`)).toThrow('says nothing of')
  }, 60_000)
})
