// npm run release:version: raises the versions as the changesets say, and dates what CHANGELOG.md has unreleased.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dateRelease } from './changelog.js'

const changesets = createRequire(import.meta.url).resolve('@changesets/cli/bin.js')
execFileSync(process.execPath, [changesets, 'version'], { stdio: 'inherit' })
// The lock file has the versions too.
execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--prefer-offline'], {
  stdio: 'inherit',
})

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const day = new Date().toISOString().slice(0, 10)
writeFileSync('CHANGELOG.md', dateRelease(readFileSync('CHANGELOG.md', 'utf8'), version, day))
process.stdout.write(`Commit this as "Release ${version}", then: git tag -s v${version}\n`)
