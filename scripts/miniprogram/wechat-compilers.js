import { spawnSync } from 'node:child_process'
import { accessSync, chmodSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** @typedef {import('./read-project.js').Part} Part */

/** The package whose compilers these are. Their output brings code of theirs along. */
export const wechatCompiler = dirname(
  createRequire(import.meta.url).resolve('miniprogram-compiler/package.json'),
)

const programs = join(
  wechatCompiler,
  'bin',
  { darwin: 'mac', win32: 'windows' }[process.platform] ?? 'linux',
)

/** Runs one of WeChat's own compilers, which the package miniprogram-compiler has as programs. */
function run(program, root, args) {
  const path = join(programs, process.platform === 'win32' ? `${program}.exe` : program)
  makeExecutable(path)
  const { error, status, stdout, stderr } = spawnSync(path, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (error) throw error
  // wcsc says what is wrong and ends well all the same.
  if (status !== 0 || stderr.includes('ERR')) throw new Error(`${program}: ${stderr.trim()}`)
  return stdout
}

/** Not every package manager keeps the mode of a file. */
function makeExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
  } catch {
    chmodSync(path, 0o755)
  }
}

/**
 * WXML to JavaScript.
 *
 * @param {string} root
 * @param {Part[]} parts
 * @returns {string} code that declares `$gwx`: from the path of a WXML file to a function from data to a tree
 */
export function compileWxml(root, parts) {
  const tags = parts.map(({ path, components }) => {
    const names = Object.keys(components)
    return [`${path}.wxml`, names.length, ...names]
  })
  const files = parts.map(({ path }) => `${path}.wxml`)
  return run('wcc', root, [
    '-d',
    '-cc',
    [tags.length, ...tags.flat()].join(' '),
    ...files,
    '-gn',
    '$gwx',
  ])
}

/**
 * WXSS to CSS, for a screen as wide as the viewport.
 *
 * @param {string} root
 * @param {string} path Of the file, without `.wxss`
 * @param {{ prefix?: string, imports?: string[] }} [options] `prefix`: put before every class; `imports`: paths of
 *   the files that may be imported
 * @returns {string} '' where there is no such file
 */
export function compileWxss(root, path, { prefix = '', imports = [] } = {}) {
  if (!existsSync(join(root, `${path}.wxss`))) return ''
  return run(
    'wcsc',
    root,
    [path, ...imports].map((name) => `${name}.wxss`),
  )
    .replaceAll('%%HERESUFFIX%%', prefix)
    .replace(/%%\?(-?[\d.]+)rpx\?%%/g, (_, rpx) => `${Number(rpx) / 7.5}vw`)
    .replace(/(^|[\s,}])body(?=[\s,.:{>+~[])/g, '$1wx-page')
}
