const unreleased = '## [Unreleased]'

/** The changelog with what is unreleased as the section of this version. */
export function dateRelease(changelog, version, day) {
  if (changelog.includes(`## [${version}]`)) throw new Error(`CHANGELOG.md has ${version} already`)
  if (!changelog.includes(`${unreleased}\n`)) throw new Error(`CHANGELOG.md has no ${unreleased}`)
  return changelog.replace(`${unreleased}\n`, `${unreleased}\n\n## [${version}] - ${day}\n`)
}

/** What the changelog says of this version, without its heading. */
export function notesOf(changelog, version) {
  const sections = changelog.split(/^## /m)
  const heading = `[${version}]`
  const section = sections.find((text) => text.startsWith(heading))
  const notes = section?.slice(section.indexOf('\n')).trim()
  if (!notes)
    throw new Error(`CHANGELOG.md says nothing of ${version}: npm run release:version first`)
  return `${notes}\n`
}
