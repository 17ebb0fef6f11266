import type { JSX } from 'preact'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../../src/sandbox-app.js'
import type { SandboxConfig } from '../api/index.js'
import { guideTexts } from '../i18n/guide.js'
import type { Lang } from '../i18n/lang.js'
import { Button } from '../ui/button.js'
import { Dialog } from '../ui/dialog.js'
import { Parties } from './guide.js'

const Code = ({ label, children }: { label: string; children: string }): JSX.Element => (
  <pre tabIndex={0} aria-label={label}>
    <code>{children}</code>
  </pre>
)

/** What it is, how one's own server gets here, and the same with curl. */
export function Help(props: {
  config: SandboxConfig
  target: string | null
  lang: Lang
  onGuide: () => void
  onClose: () => void
}): JSX.Element {
  const { config, target, lang, onGuide, onClose } = props
  const texts = guideTexts[lang].help
  const { origin } = location
  const appid = config.appid
  // The default app's secret is public; of another one only who set it knows it.
  const secret = appid === SANDBOX_APPID ? SANDBOX_SECRET : '$WX_SECRET'
  const curl = [
    [texts.curlLogin, `curl -X POST ${origin}/__sandbox/users/alice/login`],
    [
      texts.curlExchange,
      `curl "${origin}/sns/jscode2session?appid=${appid}&secret=${secret}&grant_type=authorization_code&js_code=CODE"`,
    ],
    [
      texts.curlData,
      `curl -X POST ${origin}/__sandbox/users/alice/user-info\ncurl -X POST ${origin}/__sandbox/users/alice/phone-number`,
    ],
    [
      texts.curlFaults,
      `curl ${origin}/__sandbox/faults -d '{"endpoint":"jscode2session","errcode":-1,"times":1}'\ncurl -X DELETE ${origin}/__sandbox/faults\ncurl ${origin}/__sandbox/clock -d '{"advanceMs":300000}'`,
    ],
    [texts.curlRequests, `curl ${origin}/__sandbox/requests\ncurl -N ${origin}/__sandbox/events`],
  ] as const
  return (
    <Dialog title={texts.title} close={texts.close} onClose={onClose}>
      <section>
        <h3>{texts.what}</h3>
        <Parties lang={lang} />
        <Button label={texts.guide} onClick={onGuide} />
      </section>
      <section>
        <h3>{texts.own}</h3>
        <ol class="help-steps">
          {texts.ownSteps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        <Code
          label={texts.own}
        >{`export WX_API_BASE=${origin}\nexport WX_APPID=${appid}\nexport WX_SECRET=${secret}`}</Code>
        {appid === SANDBOX_APPID ? null : <p class="hint">{texts.appSecret}</p>}
        <p>{texts.verify}</p>
        <Code
          label={texts.verify}
        >{`npx express-wx-login sandbox verify --target ${target ?? 'http://127.0.0.1:3000'}`}</Code>
      </section>
      <section>
        <h3>{texts.curl}</h3>
        {curl.map(([label, lines]) => (
          <div key={label}>
            <p>{label}</p>
            <Code label={label}>{lines}</Code>
          </div>
        ))}
      </section>
      <section>
        <h3>{texts.keys}</h3>
        <dl class="help-keys">
          {texts.keyList.map(([key, what]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </section>
    </Dialog>
  )
}
