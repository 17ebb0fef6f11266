// npm run sbom: what comes with the package, as CycloneDX, on stdout.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readLicenses } from '../licenses.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** The packages whose code is in the page of the sandbox: nobody installs them, and yet they come along. */
function addBundled(bom, licenses) {
  const own = bom.metadata.component['bom-ref']
  for (const { name, version, license } of readLicenses(licenses)) {
    const ref = `${name}@${version}`
    bom.components.push({
      ...{ 'bom-ref': ref, type: 'library', name, version, purl: `pkg:npm/${ref}` },
      licenses: [{ license: { id: license } }],
      properties: [{ name: 'cdx:npm:package:bundled', value: 'true' }],
    })
    bom.dependencies.push({ ref, dependsOn: [] })
    bom.dependencies.find((entry) => entry.ref === own).dependsOn.push(ref)
  }
  return bom
}

/**
 * The SBOM of the package in this folder, as its users install it: its own dependencies in the versions of our lock
 * file, and what its build has inside. npm alone would mix in the workspaces and name the package by its folder.
 */
export function sbomOf(folder) {
  const {
    workspaces: _,
    devDependencies: _dev,
    overrides: _over,
    ...manifest
  } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const parent = mkdtempSync(join(tmpdir(), 'express-wx-login-sbom-'))
  try {
    const alone = join(parent, manifest.name)
    mkdirSync(alone)
    writeFileSync(join(alone, 'package.json'), JSON.stringify(manifest))
    cpSync(join(root, 'package-lock.json'), join(alone, 'package-lock.json'))
    const npm = (...args) => execFileSync('npm', args, { cwd: alone, encoding: 'utf8' })
    const less = ['--package-lock-only', '--ignore-scripts', '--omit=dev', '--omit=peer']
    npm('install', '--prefer-offline', '--silent', ...less)
    const bom = JSON.parse(npm('sbom', '--sbom-format=cyclonedx', '--sbom-type=library', ...less))
    const licenses = join(folder, 'dist/page/LICENSES.txt')
    return `${JSON.stringify(existsSync(licenses) ? addBundled(bom, licenses) : bom, null, 2)}\n`
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(sbomOf(root))
