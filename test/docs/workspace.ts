import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './markdown.js'

/** A folder inside the repository, where `import 'express-wx-login'` means its own build. */
export interface Workspace {
  path: string
  write(name: string, text: string): string
  remove(): void
}

export function createWorkspace(): Workspace {
  const parent = join(root, '.tmp')
  mkdirSync(parent, { recursive: true })
  const path = mkdtempSync(join(parent, 'docs-'))
  return {
    path,
    write(name, text) {
      const file = join(path, name)
      writeFileSync(file, text)
      return file
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Runs a command to its end; its output, both streams, and whether it said 0. */
export function run(
  command: string,
  args: string[],
  cwd = root,
): Promise<{ ok: boolean; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, stderr })
    })
  })
}
