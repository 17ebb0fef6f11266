/**
 * The way of a login in three lines for bash with curl and sed: a code from the sandbox (on a phone:
 * `wx.login`), the login, a request as that user.
 */
export function curlWalk(appUrl: string, sandboxUrl: string): [string, string, string] {
  return [
    `code=$(curl -s -X POST ${sandboxUrl}/__sandbox/users/alice/login | ${field('code')})`,
    `token=$(curl -s ${appUrl}/wx/login -H 'Content-Type: application/json' -d "{\\"code\\":\\"$code\\"}" | ${field('token')})`,
    `curl -s ${appUrl}/me -H "Authorization: Bearer $token"; echo`,
  ]
}

/** Goes on in the same shell: a tap on the phone number button (in the sandbox), and her number. */
export function phoneWalk(appUrl: string, sandboxUrl: string): [string, string] {
  return [
    `tap=$(curl -s -X POST ${sandboxUrl}/__sandbox/users/alice/phone-number | ${field('code')})`,
    `curl -s ${appUrl}/wx/phone -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "{\\"code\\":\\"$tap\\"}"; echo`,
  ]
}

/** Takes one string out of JSON without jq, which a fresh machine does not have. */
function field(name: string): string {
  return `sed -n 's/.*"${name}": *"\\([^"]*\\)".*/\\1/p'`
}
