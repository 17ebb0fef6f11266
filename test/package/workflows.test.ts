import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const root = join(__dirname, '../..')
const folder = join(root, '.github/workflows')

interface Step {
  uses?: string
  run?: string
  with?: Record<string, unknown>
  env?: Record<string, unknown>
}

type Permissions = string | Record<string, string>

interface Job {
  uses?: string
  needs?: string | string[]
  permissions?: Permissions
  environment?: string
  'timeout-minutes'?: number
  steps?: Step[]
}

interface Workflow {
  on: Record<string, unknown>
  permissions?: Permissions
  jobs: Record<string, Job>
}

const files = readdirSync(folder).map((name) => {
  const text = readFileSync(join(folder, name), 'utf8')
  return { name, text, workflow: parse(text) as Workflow }
})

interface NamedJob extends Job {
  file: string
  id: string
}

const jobs: NamedJob[] = files.flatMap(({ name, workflow }) =>
  Object.entries(workflow.jobs).map(([id, job]) => Object.assign({}, job, { id, file: name })),
)

const rights = (permissions: Permissions | undefined): [right: string, level: string][] =>
  typeof permissions === 'object'
    ? Object.entries(permissions)
    : [['all', permissions ?? 'none named']]

test('there are CI, releases, CodeQL and the scorecard', () => {
  expect(files.map(({ name }) => name).toSorted()).toEqual([
    'ci.yml',
    'codeql.yml',
    'release.yml',
    'scorecard.yml',
  ])
})

describe.each(files)('$name', ({ text, workflow }) => {
  const uses = [...text.matchAll(/\buses: *(.*)$/gm)].map(([, value]) => value!)

  test('uses actions by the hash of a commit, beside which its version stands', () => {
    expect(uses.length).toBeGreaterThan(0)
    const pinned =
      /^(\.\/\.github\/workflows\/[\w.-]+|[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/
    expect(uses.filter((value) => !pinned.test(value))).toEqual([])
  })

  test('may do nothing as a whole but read', () => {
    expect(workflow.permissions).toBeDefined()
    for (const [right, level] of rights(workflow.permissions)) {
      expect([right, level]).toEqual([right, 'read'])
    }
  })

  test('is not started with the rights of the repository by somebody else', () => {
    const events = Object.keys(workflow.on)
    expect(events.length).toBeGreaterThan(0)
    for (const event of ['pull_request_target', 'workflow_run', 'issue_comment', 'issues']) {
      expect(events).not.toContain(event)
    }
  })

  test('knows no secret', () => {
    expect(text).not.toMatch(/\bsecrets\b/)
  })

  test('puts nothing that others may name into a script', () => {
    const scripts = Object.values(workflow.jobs).flatMap(({ steps = [] }) =>
      steps.flatMap(({ run }) => run ?? []),
    )
    expect(scripts.filter((script) => script.includes('${{'))).toEqual([])
  })
})

test('one action has one version everywhere', () => {
  const used = jobs.flatMap(({ steps = [] }) => steps.flatMap(({ uses }) => uses ?? []))
  const versions = new Map<string, Set<string>>()
  for (const [name, version] of used.map((text) => text.split('@') as [string, string])) {
    const [owner, repository] = name.split('/') as [string, string]
    const key = `${owner}/${repository}`
    versions.set(key, (versions.get(key) ?? new Set()).add(version))
  }
  expect([...versions].filter(([, all]) => all.size > 1)).toEqual([])
})

test('no checkout leaves its credentials behind', () => {
  const checkouts = jobs.flatMap(({ file, id, steps = [] }) =>
    steps
      .filter(({ uses }) => uses?.startsWith('actions/checkout@'))
      .map((step) => [file, id, step.with?.['persist-credentials']]),
  )
  expect(checkouts.length).toBeGreaterThan(3)
  expect(checkouts.filter(([, , persist]) => persist !== false)).toEqual([])
})

test('every job says what it may, and that it ends', () => {
  // What ci.yml may as a whole is what its one job needs.
  const silent = jobs.filter(({ file, permissions }) => file !== 'ci.yml' && !permissions)
  expect(silent.map(({ file, id }) => [file, id])).toEqual([])
  const endless = jobs.filter((job) => !job.uses && job['timeout-minutes'] === undefined)
  expect(endless.map(({ file, id }) => [file, id])).toEqual([])
})

test('what a job may write is what it is for', () => {
  const writes = jobs.flatMap(({ file, id, permissions = {} }) =>
    rights(permissions)
      .filter(([, level]) => level !== 'read')
      .map(([right]) => `${file} ${id}: ${right}`),
  )
  expect(writes.toSorted()).toEqual([
    'codeql.yml analyze: security-events',
    'release.yml github: contents',
    'release.yml publish: id-token',
    'scorecard.yml scorecard: id-token',
    'scorecard.yml scorecard: security-events',
  ])
})

describe('a release', () => {
  const release = files.find(({ name }) => name === 'release.yml')!.workflow
  const stepsOf = (id: string): Step[] => release.jobs[id]!.steps ?? []
  const scriptOf = (id: string): string =>
    stepsOf(id)
      .map(({ run = '' }) => run)
      .join('\n')

  it('starts with the tag of a version and nothing else', () => {
    expect(release.on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+*'] } })
  })

  it('packs once', () => {
    const packing = Object.keys(release.jobs).filter((id) =>
      /release:pack|npm pack|run build/.test(scriptOf(id)),
    )
    expect(packing).toEqual(['pack'])
  })

  it.each(['test', 'publish', 'github'])('takes to %s the files that were packed', (id) => {
    expect(release.jobs[id]!.needs).toContain('pack')
    expect(stepsOf(id).map(({ uses = '' }) => uses.split('@')[0])).toContain(
      'actions/download-artifact',
    )
    expect(scriptOf(id)).toContain('echo "$DIGEST  SHA256SUMS" | sha256sum --check --strict')
    expect(scriptOf(id)).toContain('sha256sum --check --strict SHA256SUMS')
  })

  it('publishes after the tarballs were tested and CI has passed', () => {
    expect(release.jobs['publish']!.needs).toEqual(['ci', 'pack', 'test'])
    expect(scriptOf('test')).toContain('export TARBALL=$(echo release/')
    expect(scriptOf('test')).toContain('export CLIENT_TARBALL=$(echo release/')
    expect(scriptOf('test')).toContain('jest.release.config.js')
  })

  it('publishes with nothing of the repository beside the tarballs, from an environment that asks', () => {
    expect(release.jobs['publish']!.environment).toBe('npm')
    expect(stepsOf('publish').some(({ uses }) => uses?.startsWith('actions/checkout'))).toBe(false)
    expect(scriptOf('publish')).not.toMatch(/npm (ci|install|run)|npx/)
    expect(scriptOf('publish')).toMatch(/npm publish "\.\/release\/\S+\.tgz" .*--provenance/)
  })

  it('has no cache that another job may have filled', () => {
    const caches = Object.keys(release.jobs).flatMap((id) =>
      stepsOf(id).filter((step) => step.uses?.startsWith('actions/cache') || step.with?.['cache']),
    )
    expect(caches).toEqual([])
  })
})

test('updates of dependencies come in groups, and those of actions too', () => {
  const { updates } = parse(readFileSync(join(root, '.github/dependabot.yml'), 'utf8')) as {
    updates: { 'package-ecosystem': string; groups: object }[]
  }
  expect(updates.map((update) => update['package-ecosystem'])).toEqual(['npm', 'github-actions'])
  for (const { groups } of updates) expect(Object.keys(groups).length).toBeGreaterThan(0)
})
