import './phone.css'
import { readParameters, readTarget } from './parameters.js'
import { type Problem, showProblem } from './problem.js'
import { runPhone } from './run-phone.js'
import { sandbox, SandboxRefusal } from './sandbox.js'
import { createTheme } from './theme.js'
import { phoneWords } from './words.js'

const parameters = readParameters(location.search, navigator.languages)
const words = phoneWords(parameters.lang)
const theme = createTheme(parameters.theme)
for (const sheet of document.styleSheets) theme.follow(sheet)

/** Who is to use which mini program with which server; or what is wrong with that. */
async function findOut(): Promise<{ appid: string; target: string } | Problem> {
  try {
    const config = await sandbox.config()
    const appid = parameters.appid ?? config.appid
    // Refuses an app and a user that it does not know as such.
    await sandbox.state(parameters.user, appid)
    const given = parameters.target ?? config.target
    if (given === null) return { title: words.noTargetTitle, text: words.noTarget }
    const target = readTarget(given)
    if (target === null) return { title: words.badTargetTitle, text: words.badTarget(given) }
    return { appid, target }
  } catch (error) {
    return error instanceof SandboxRefusal
      ? { title: words.refusedTitle, text: error.message }
      : { title: words.unreachableTitle, text: words.unreachable }
  }
}

const found = await findOut()
if ('title' in found) showProblem(found, words)
else runPhone({ ...parameters, ...found, words, theme })
