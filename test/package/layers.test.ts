import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { removeFolder, temporaryFolder } from '../support/services.js'

const root = join(__dirname, '../..')

interface LintConfig {
  options: { typeAware: boolean }
  overrides: { files: string[] }[]
}

const config = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as LintConfig

interface Complaint {
  file: string
  rule: string
  line: number
}

/** Lints files of this content by the project's own rules. */
async function lint(files: Record<string, string>): Promise<Complaint[]> {
  const folder = temporaryFolder('lint')
  try {
    // Rules that need types would need a whole program around these files.
    const rules = { ...config, options: { ...config.options, typeAware: false } }
    writeFileSync(join(folder, '.oxlintrc.json'), JSON.stringify(rules))
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    const output = await new Promise<string>((resolve, reject) => {
      const oxlint = join(root, 'node_modules/.bin/oxlint')
      execFile(oxlint, ['--format', 'json', 'src'], { cwd: folder }, (error, stdout) => {
        // Exit code 1 says that there were complaints.
        if (error && error.code !== 1) reject(new Error('oxlint failed', { cause: error }))
        else resolve(stdout)
      })
    })
    const { diagnostics } = JSON.parse(output) as {
      diagnostics: { filename: string; code: string; labels: { span: { line: number } }[] }[]
    }
    return diagnostics.map(({ filename, code, labels }) => ({
      file: filename,
      rule: code,
      line: labels[0]?.span.line ?? 0,
    }))
  } finally {
    removeFolder(folder)
  }
}

type Imports = [file: string, imported: string][]

/** Answers those of the imports that the layer rule refuses. */
async function refusedOf(table: Imports): Promise<Imports> {
  const files: Record<string, string> = {}
  const places = table.map(([file, imported], i) => {
    const before = files[file] ?? ''
    files[file] = `${before}export { x as x${String(i)} } from '${imported}'\n`
    return before.split('\n').length
  })
  const complaints = await lint(files)
  return table.filter(([file], i) =>
    complaints.some(
      (complaint) =>
        complaint.rule === 'eslint(no-restricted-imports)' &&
        complaint.file === file &&
        complaint.line === places[i],
    ),
  )
}

const names = (complaints: Complaint[]): string[] =>
  complaints.map(({ file, rule }) => `${file}: ${rule}`).toSorted()

const forbidden: Imports = [
  ['src/options.ts', './context.js'],
  ['src/types.ts', './session/record.js'],
  ['src/errors.ts', './wx-login.js'],
  ['src/diagnostics.ts', './redis/user-state.js'],
  ['src/session/record.ts', '../redis/user-state.js'],
  ['src/session/record.ts', '../wechat/http.js'],
  ['src/session/record.ts', '../respond.js'],
  ['src/session/record.ts', '../runtime.js'],
  ['src/wechat/http.ts', '../session/record.js'],
  ['src/wechat/http.ts', '../routes/login.js'],
  ['src/redis/user-state.ts', '../session/record.js'],
  ['src/redis/user-state.ts', '../index.js'],
  ['src/session/deeper/file.ts', '../record.js'],
  ['src/context.ts', './routes/body.js'],
  ['src/respond.ts', './require-wx-session.js'],
  ['src/runtime.ts', './wx-login.js'],
  ['src/routes/login.ts', '../wx-login.js'],
  ['src/routes/login.ts', '../require-wx-session.js'],
  ['src/doctor/checks.ts', '../session/record.js'],
  ['src/doctor/checks.ts', '../runtime.js'],
  ['src/doctor/checks.ts', '../sandbox/apps.js'],
  ['src/doctor/checks.ts', 'redis'],
  ['src/routes/login.ts', '../doctor/checks.js'],
  ['src/require-wx-session.ts', './doctor/checks.js'],
  ['src/wechat/http.ts', '../doctor/checks.js'],
  ['src/readiness-types.ts', './doctor/checks.js'],
  ['src/require-wx-session.ts', './routes/body.js'],
  ['src/require-wx-session.ts', './index.js'],
  ['src/index.ts', './sandbox/index.js'],
  ['src/wx-login.ts', './sandbox/index.js'],
  ['src/wx-login.ts', './cli.js'],
  ['src/routes/login.ts', '../sandbox/index.js'],
  ['src/wechat/http.ts', '../sandbox/cipher.js'],
  ['src/sandbox/server.ts', '../options.js'],
  ['src/sandbox/server.ts', '../wechat/http.js'],
  ['src/sandbox/push.ts', '../wechat/push-message.js'],
  ['src/sandbox/server.ts', '../session/record.js'],
  ['src/sandbox/endpoints/token.ts', '../../wechat/http.js'],
  ['src/sandbox/endpoints/token.ts', '../../index.js'],
  ['src/wx-login.ts', 'redis'],
  ['src/wx-login.ts', 'connect-redis'],
  ['src/session/record.ts', '@redis/client'],
  ['src/sandbox/server.ts', 'redis'],
  ['src/wx-login.ts', 'express-wx-login'],
  ['src/wx-login.ts', '../scripts/build.js'],
  ['src/a-new-file.ts', './types.js'],
  ['src/a-new-room/file.ts', '../types.js'],
]

const allowed: Imports = [
  ['src/options.ts', './errors.js'],
  ['src/session/record.ts', './token.js'],
  ['src/session/record.ts', '../errors.js'],
  ['src/redis/user-state.ts', 'redis'],
  ['src/redis/session-store.ts', 'connect-redis'],
  ['src/context.ts', './session/record.js'],
  ['src/routes/login.ts', '../wechat/http.js'],
  ['src/routes/login.ts', './body.js'],
  ['src/routes/login.ts', '../respond.js'],
  ['src/doctor/checks.ts', './redis.js'],
  ['src/doctor/checks.ts', '../redis/health.js'],
  ['src/doctor/checks.ts', '../wechat/http.js'],
  ['src/doctor/checks.ts', '../readiness-types.js'],
  ['src/wx-login.ts', './doctor/readiness.js'],
  ['src/cli.ts', './doctor/command.js'],
  ['src/require-wx-session.ts', './respond.js'],
  ['src/index.ts', './wx-login.js'],
  ['src/wx-login.ts', './redis/user-state.js'],
  ['src/sandbox/server.ts', './endpoints/token.js'],
  ['src/sandbox/server.ts', '../wechat/open-data.js'],
  ['src/sandbox/apps.ts', '../sandbox-app.js'],
  ['src/sandbox/push.ts', '../wechat/message-push.js'],
  ['src/sandbox/endpoints/token.ts', '../server.js'],
  ['src/sandbox/endpoints/token.ts', '../../types.js'],
  ['src/cli.ts', './sandbox/index.js'],
]

describe('the layers of src', () => {
  it('lint refuses every import that goes up, across or out', async () => {
    expect(await refusedOf(forbidden)).toEqual(forbidden)
  })

  it('lint accepts every import that goes down', async () => {
    expect(await refusedOf(allowed)).toEqual([])
  })

  it.each([
    ['a type', `import type { X } from './context.js'\nexport type Y = X\n`],
    ['a re-export', `export { x } from './context.js'\n`],
    ['a re-export of everything', `export * from './context.js'\n`],
    ['a dynamic import', `export const x = () => import('./context.js')\n`],
  ])('refuses %s as well', async (_, content) => {
    expect(names(await lint({ 'src/options.ts': content }))).toEqual([
      'src/options.ts: eslint(no-restricted-imports)',
    ])
  })

  it('refuses circles, console and default exports', async () => {
    expect(
      names(
        await lint({
          'src/session/a.ts': `import { b } from './b.js'\nexport const a = () => b()\n`,
          'src/session/b.ts': `import { a } from './a.js'\nexport const b = (): unknown => a()\n`,
          'src/session/c.ts': `export default function c() {\n  console.log('c')\n}\n`,
        }),
      ),
    ).toEqual([
      'src/session/a.ts: import(no-cycle)',
      'src/session/b.ts: import(no-cycle)',
      'src/session/c.ts: eslint(no-console)',
      'src/session/c.ts: import(no-default-export)',
    ])
  })

  it('every file and folder of src has a room, and every room exists', () => {
    const rooms = config.overrides
      .flatMap(({ files }) => files)
      .filter((glob) => glob.startsWith('src/') && glob !== 'src/**')
      .map((glob) => glob.split('/')[1])
    const entries = readdirSync(join(root, 'src'))
    expect(entries.toSorted()).toEqual([...new Set(rooms)].toSorted())
  })

  it('every folder of a room is one the rules reach', () => {
    const folders = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    const reached = config.overrides
      .flatMap(({ files }) => files)
      .map((glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`))
    expect(
      folders.filter((folder) => !reached.some((glob) => glob.test(`${folder}/file.ts`))),
    ).toEqual([])
  })
})
