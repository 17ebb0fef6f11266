import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pack, packClient, root } from '../package/consumer.js'

interface Manifest {
  name: string
  version: string
  scripts?: Record<string, string>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  bundleDependencies?: string[]
  files?: string[]
  publishConfig?: Record<string, unknown>
}

const read = (file: string): Manifest =>
  JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest

/** What `npm install` of somebody else may run. `prepare` runs where the package comes from git. */
const installScripts = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']

/** The packages that come with this one, by name, and theirs. */
function runtimePackages(): Map<string, Manifest> {
  const found = new Map<string, Manifest>()
  const add = ({ dependencies = {}, optionalDependencies = {} }: Manifest): void => {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (found.has(name)) continue
      found.set(name, read(`node_modules/${name}/package.json`))
      add(found.get(name)!)
    }
  }
  add(read('package.json'))
  return found
}

const published = [
  { manifest: read('package.json'), packed: pack },
  { manifest: read('client/package.json'), packed: packClient },
]

describe('attack 50: the supply chain: nothing comes along, or runs, that was not chosen', () => {
  test('at run time there are five libraries and one of theirs; each more is a decision', () => {
    expect([...runtimePackages().keys()].toSorted()).toEqual([
      'cockatiel',
      'fastest-levenshtein',
      'saxes',
      'undici',
      'valibot',
      'xmlchars',
    ])
    expect(Object.keys(read('package.json').peerDependencies!).toSorted()).toEqual([
      '@types/express',
      '@types/express-session',
      'connect-redis',
      'express',
      'express-session',
      'redis',
    ])
    const client = read('client/package.json')
    expect([client.dependencies, client.optionalDependencies, client.peerDependencies]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('none of all these packages runs anything when it is installed', () => {
    for (const { scripts = {}, name } of [
      ...published.map(({ manifest }) => manifest),
      ...runtimePackages().values(),
    ]) {
      // Of what comes from the registry npm runs only the first three.
      const own = published.some(({ manifest }) => manifest.name === name)
      const found = (own ? installScripts : installScripts.slice(0, 3)).filter((s) => s in scripts)
      expect([name, found]).toEqual([name, []])
    }
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<
        string,
        { hasInstallScript?: boolean; resolved?: string; integrity?: string }
      >
    }
    for (const name of runtimePackages().keys()) {
      const entry = packages[`node_modules/${name}`]!
      expect([name, entry.hasInstallScript, entry.integrity]).toEqual([
        name,
        undefined,
        expect.stringMatching(/^sha512-/),
      ])
    }
  })

  test.each(published)(
    '$manifest.name is published from a list of files, with provenance',
    ({ manifest, packed }) => {
      expect(manifest.publishConfig).toEqual({ access: 'public', provenance: true })
      expect(manifest.bundleDependencies).toBeUndefined()
      const allowed = manifest.files!
      expect(allowed.length).toBeGreaterThan(0)
      for (const entry of allowed) expect(entry).toMatch(/^[A-Za-z][\w.-]*$/)
      const { files } = packed()
      const strangers = files.filter(
        (file) =>
          file !== 'package.json' &&
          !allowed.some((entry) => file === entry || file.startsWith(`${entry}/`)),
      )
      expect(strangers).toEqual([])
      // Neither tests nor keys, environments, or what an editor leaves behind.
      expect(
        files.filter((file) =>
          /(^|\/)(\.|tests?\/|node_modules\/)|\.(test|env|pem|key|orig|log)\b/.test(file),
        ),
      ).toEqual([])
    },
  )

  test('the SBOM names each of the libraries', () => {
    const script = join(root, 'scripts/release/sbom.js')
    const bom = JSON.parse(
      execFileSync(process.execPath, [script], { cwd: root, encoding: 'utf8' }),
    ) as { bomFormat: string; components: { purl: string }[] }
    expect(bom.bomFormat).toBe('CycloneDX')
    const named = new Set(bom.components.map(({ purl }) => purl))
    for (const [name, { version }] of runtimePackages()) {
      expect(named).toContain(`pkg:npm/${name}@${version}`)
    }
  })
})
