import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, extname, join, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { packagesIn } from '../licenses.js'
import { readProject } from './read-project.js'
import { compileWxml, compileWxss, wechatCompiler } from './wechat-compilers.js'

const runtime = join(dirname(fileURLToPath(import.meta.url)), 'runtime')
const images = ['.png', '.jpg', '.jpeg', '.gif', '.webp', '.svg']

/**
 * Compiles a native mini program for a browser: its WXML and WXSS with WeChat's own compilers, its JavaScript as it
 * is, and around it the runtime of this folder. What comes out is a folder of static files to serve from anywhere:
 * index.html, app.js, app.css and the images.
 *
 * @param {object} options
 * @param {string} options.source The folder of app.json, with the packages it uses in miniprogram_npm
 * @param {string} options.phone A module (JavaScript or TypeScript, for the browser) whose default export is the
 *   {@link import('./runtime/phone.d.ts').Phone} that the mini program runs on
 * @param {string} options.outDir Emptied first
 * @returns the folders of the packages whose code is in app.js, for their licenses
 * @throws with what the compilers say of the mini program
 * @example
 * await compileMiniprogram({ source: 'example-app/miniprogram', phone: 'phone.ts', outDir: 'site' })
 */
export async function compileMiniprogram({ source, phone, outDir }) {
  const project = readProject(source)
  rmSync(outDir, { recursive: true, force: true })
  mkdirSync(outDir, { recursive: true })

  const { metafile } = await build({
    stdin: { contents: entry(project, phone), resolveDir: source, sourcefile: 'entry.js' },
    bundle: true,
    format: 'iife',
    target: 'chrome110',
    // j-component is written for Node.
    define: { global: 'globalThis' },
    inject: [join(runtime, 'globals.js')],
    outfile: join(outDir, 'app.js'),
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: [compiledWxml(project), noTemplates, miniprogramNpm(source)],
  })
  await build({
    entryPoints: [join(runtime, 'shell.css')],
    outfile: join(outDir, 'app.css'),
    minify: true,
    logLevel: 'warning',
  })
  copyImages(source, outDir)
  writeFileSync(join(outDir, 'index.html'), html(project.app.window?.navigationBarTitleText ?? ''))
  return { packages: [...packagesIn(metafile), wechatCompiler] }
}

/** What starts it all. The mini program's own files are loaded by the runtime, once the globals are there. */
function entry({ root, app, themes, parts }, phone) {
  const imports = wxssFiles(root)
  const described = parts.map((part) => {
    const prefix = part.path.replaceAll('/', '-')
    const css = compileWxss(root, part.path, {
      imports: imports.filter((path) => path !== part.path),
      // A page has the screen to itself; the classes of a component are its own.
      ...(!part.page && { prefix: `${prefix}--` }),
    })
    return { ...part, prefix, css }
  })
  const css = compileWxss(root, 'app', { imports: imports.filter((path) => path !== 'app') })
  const load = ['app', ...parts.map(({ path }) => path)].map(
    (path) => `${JSON.stringify(path)}: () => require(${JSON.stringify(join(root, `${path}.js`))})`,
  )
  return `
    import { start } from ${JSON.stringify(join(runtime, 'start.js'))}
    import phone from ${JSON.stringify(resolve(phone))}
    import gwx from 'compiled-wxml'
    start({
      ...${JSON.stringify({ app, themes, css, parts: described })},
      gwx,
      load: { ${load.join(', ')} },
    }, phone)`
}

const wxssFiles = (root) =>
  readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith('.wxss'))
    .map((name) => name.slice(0, -'.wxss'.length).split(sep).join('/'))

/** The module `compiled-wxml`: from the path of a WXML file to a function from data to a tree. */
const compiledWxml = ({ root, parts }) => ({
  name: 'compiled-wxml',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^compiled-wxml$/ }, ({ path }) => ({ path, namespace: 'wxml' }))
    onLoad({ filter: /.*/, namespace: 'wxml' }, () => ({
      // The compiler's code is of 2020: it declares nothing, looks for its settings in window, and puts properties on
      // Array and others that cannot be put there twice, as where a mini program is started again.
      contents: `module.exports = window.__compiledWxml__ ??= (() => {
          window.__webview_engine_version__ = 0.02
          var $gwx, __WXML_GLOBAL__
          ${compileWxml(root, parts)}
          return $gwx
        })()`,
      loader: 'js',
      resolveDir: root,
    }))
  },
})

/**
 * j-component's own compiler makes code of text, which a Content-Security-Policy forbids. It is for templates in text;
 * these here are compiled.
 */
const noTemplates = {
  name: 'no-templates',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/template\/compile$/ }, ({ path }) => ({
      path,
      namespace: 'no-templates',
    }))
    onLoad({ filter: /.*/, namespace: 'no-templates' }, () => ({
      contents: `module.exports = () => { throw new Error('The template is not compiled') }`,
    }))
  },
}

/** Packages come from where DevTools puts them. */
const miniprogramNpm = (root) => ({
  name: 'miniprogram-npm',
  setup({ onResolve }) {
    onResolve({ filter: /^[\w@]/ }, ({ path, importer }) =>
      importer.startsWith(root + sep)
        ? { path: join(root, 'miniprogram_npm', path, 'index.js') }
        : undefined,
    )
  },
})

function copyImages(source, outDir) {
  for (const name of readdirSync(source, { recursive: true })) {
    if (!images.includes(extname(name)) || name.startsWith('miniprogram_npm')) continue
    cpSync(join(source, name), join(outDir, name))
  }
}

const html = (title) => `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>${title.replace(/[&<]/g, (character) => `&#${character.codePointAt(0)};`)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="app.css">
<body>
<script src="app.js"></script>
</html>
`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [source, phone, outDir] = process.argv.slice(2)
  if (outDir === undefined) {
    process.stderr.write(
      'Usage: node scripts/miniprogram/compile.js <miniprogram> <phone module> <out>\n',
    )
    process.exitCode = 2
  } else {
    await compileMiniprogram({ source: resolve(source), phone, outDir: resolve(outDir) })
  }
}
