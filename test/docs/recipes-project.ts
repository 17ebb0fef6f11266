import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Options, transformSync } from '@swc/core'
import { type CodeBlock, codeOf, read, root } from './markdown.js'
import { createWorkspace, run, type Workspace } from './workspace.js'

/** What the recipe for NestJS takes for granted: the module and the users of the app that it is put into. */
const appOfTheReader = {
  'app.module.ts': `import { Module } from '@nestjs/common'
import { MeController } from './me.controller.js'
import { Users } from './users.js'

@Module({ controllers: [MeController], providers: [Users] })
export class AppModule {}
`,
  'users.ts': `import { Injectable } from '@nestjs/common'
import type { WxUserEvent } from 'express-wx-login'

@Injectable()
export class Users {
  upsert({ openid }: WxUserEvent) {
    return { id: 'user of ' + openid }
  }
}
`,
}

/** The files that the page of recipes names in their first lines, or by what is in them. */
const files: [name: string, words: string][] = [
  ['live.ts', '// live.ts'],
  ['main.ts', '// main.ts'],
  ['wx.ts', '// wx.ts'],
  ['me.controller.ts', '// me.controller.ts'],
  ['rate-limit.ts', 'export const loginRateLimit'],
  ['own-session.js', 'export function createApp(store)'],
  ['cookies.js', 'export const createWx'],
  ['origins.js', 'const origins = new Set'],
  ['accounts.mjs', '// accounts.mjs'],
]

export interface RecipesProject extends Workspace {
  blocks: CodeBlock[]
  /** The one block of the page that has these words. */
  block(words: string): string
  /** The names of the page's files that end like this. */
  files(extension: string): string[]
  /** Checks all files strictly; gives what TypeScript has to say. */
  compile(): Promise<string>
  /** Writes what Node runs to `dist`, without looking at types. */
  build(): void
}

/** A project with all files of a page of recipes, as a reader would have copied them. */
export function createRecipesProject(page: string): RecipesProject {
  const { blocks } = read(page)
  const workspace = createWorkspace()
  const block = (words: string): string => codeOf(page, words)
  mkdirSync(join(workspace.path, 'src'))
  for (const [name, words] of files) workspace.write(join('src', name), block(words))
  for (const [name, text] of Object.entries(appOfTheReader))
    workspace.write(join('src', name), text)
  workspace.write('package.json', '{ "type": "module" }')
  workspace.write('tsconfig.json', JSON.stringify(tsconfig))
  return {
    ...workspace,
    blocks,
    block,
    files: (extension) => files.map(([name]) => name).filter((n) => n.endsWith(`.${extension}`)),
    async compile() {
      const compiler = join(root, 'node_modules/typescript/bin/tsc')
      const { ok, stdout, stderr } = await run(compiler, ['-p', workspace.path])
      return ok ? '' : stdout + stderr
    },
    build() {
      mkdirSync(join(workspace.path, 'dist'))
      for (const name of readdirSync(join(workspace.path, 'src'))) {
        const { code } = transformSync(
          readFileSync(join(workspace.path, 'src', name), 'utf8'),
          name.endsWith('.ts') ? swcOptions('typescript') : swcOptions('ecmascript'),
        )
        workspace.write(join('dist', name.replace(/\.ts$/, '.js')), code)
      }
    },
  }
}

/** The same as the options of TypeScript below, as far as they concern what comes out. */
const swcOptions = (syntax: 'typescript' | 'ecmascript'): Options => ({
  swcrc: false,
  jsc: {
    target: 'es2022',
    parser: syntax === 'typescript' ? { syntax, decorators: true } : { syntax },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
})

const tsconfig = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023'],
    types: ['node'],
    rootDir: 'src',
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    allowJs: true,
    // NestJS is made for these.
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
  include: ['src'],
}
