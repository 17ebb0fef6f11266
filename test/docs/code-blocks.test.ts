import { join } from 'node:path'
import {
  clientReadmes,
  type CodeBlock,
  errorPages,
  exampleReadmes,
  guides,
  operationsPages,
  read,
  readmes,
  root,
} from './markdown.js'
import { createWorkspace, run, type Workspace } from './workspace.js'

const pages = [
  ...readmes,
  ...clientReadmes,
  ...exampleReadmes,
  ...errorPages,
  ...operationsPages,
  ...guides.flat(),
]

interface Sample extends CodeBlock {
  /** Where it stands: page, language, number. */
  name: string
}

const samples: Sample[] = pages.flatMap((page) =>
  read(page).blocks.map(({ language, text }, i) => ({
    language,
    text,
    name: `${page.replace(/\W/g, '-')}-${String(i + 1)}`,
  })),
)

const of = (...languages: string[]): Sample[] =>
  samples.filter(({ language }) => languages.includes(language))

/** Whether a block can be a file of its own: it says where its names come from. */
const isComplete = ({ text }: Sample): boolean => /^import /m.test(text)

let workspace: Workspace

beforeAll(() => {
  workspace = createWorkspace()
})

afterAll(() => workspace?.remove())

/** What TypeScript says about these blocks. */
async function check(blocks: Sample[], options: object): Promise<string> {
  const files = blocks.map(({ name, language, text }) =>
    // A fragment is a module too: it may await.
    workspace.write(`${name}.m${language}`, `${text}\nexport {}\n`),
  )
  const project = workspace.write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2022',
        lib: ['es2023'],
        types: ['node'],
        allowJs: true,
        noEmit: true,
        skipLibCheck: true,
        ...options,
      },
      files,
    }),
  )
  const { ok, stdout, stderr } = await run(join(root, 'node_modules/typescript/bin/tsc'), [
    '-p',
    project,
  ])
  return ok ? '' : stdout + stderr
}

test('every language of a block is one that is checked, here or by the eye', () => {
  const known = ['bash', 'sh', 'js', 'ts', 'html', 'json', 'sql', 'yaml', 'mermaid', 'text']
  expect(samples.filter(({ language }) => !known.includes(language))).toEqual([])
})

test('every JavaScript and TypeScript block parses', async () => {
  expect(of('js').length).toBeGreaterThan(10)
  expect(await check(of('js', 'ts'), { noCheck: true })).toBe('')
}, 60_000)

test('complete JavaScript blocks fit the types of the build', async () => {
  const blocks = of('js').filter(isComplete)
  expect(blocks.length).toBeGreaterThan(6)
  expect(await check(blocks, { checkJs: true, strict: false })).toBe('')
}, 60_000)

test('complete TypeScript blocks fit the types of the build, strictly', async () => {
  // One language: what they declare in the package, they would declare twice.
  const blocks = of('ts').filter(({ name }) => /^docs-(usage|client)-md/.test(name))
  expect(blocks.filter(isComplete)).toEqual(blocks)
  expect(await check(blocks, { strict: true, exactOptionalPropertyTypes: true })).toBe('')
}, 60_000)

test('a block with a wrong option would be found', async () => {
  const wrong = `import { wxLogin } from 'express-wx-login'\nwxLogin({ appid: 'a', secret: 'b', hookTimeOut: 1 })`
  const found = await check([{ name: 'wrong', language: 'js', text: wrong }], {
    checkJs: true,
    strict: false,
  })
  expect(found).toContain('hookTimeOut')
}, 60_000)

test.each(of('json'))('$name is JSON', ({ text }) => {
  expect(() => JSON.parse(text) as unknown).not.toThrow()
})

test.each(of('bash', 'sh'))('bash can read $name', async ({ text }) => {
  expect(await run('bash', ['-n', '-c', text])).toMatchObject({ ok: true, stderr: '' })
})
