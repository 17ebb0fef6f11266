import type { Request, Response } from 'express'
import { fileTypeFromBuffer } from 'file-type'
import multer from 'multer'
import * as v from 'valibot'
import type { Picture } from './avatars.js'
import { HttpError } from './errors.js'

/** What {@link readAvatarUpload} found in a request. */
export interface AvatarUpload {
  picture: Picture
  nickName?: string
}

/** The most that a picture may have, in bytes. */
const maxAvatarSize = 1024 * 1024

// What every phone shows. An animated PNG is a PNG to those who cannot play it.
const served: Record<string, string> = {
  'image/png': 'image/png',
  'image/apng': 'image/png',
  'image/jpeg': 'image/jpeg',
  'image/webp': 'image/webp',
  'image/gif': 'image/gif',
}

// In memory, as it goes into the database: with these limits a request takes little more than a megabyte.
const parse = multer({
  storage: multer.memoryStorage(),
  limits: { fileSize: maxAvatarSize, files: 1, fields: 10, fieldSize: 1024, fieldNameSize: 100 },
}).single('avatar')

// The same as the plugin asks of POST /wx/profile.
const fields = v.object({
  nickName: v.optional(
    v.pipe(
      v.string('nickName must be sent once, as text.'),
      v.maxLength(64, 'nickName must be at most 64 characters.'),
      v.regex(/^[^\u0000-\u001f\u007f]*$/, 'nickName must have no control characters.'),
    ),
  ),
})

const refuse = (status: number, message: string): HttpError =>
  new HttpError(status, 'BAD_REQUEST', message)

/** What multer did not like, in words for whoever writes the mini program. */
function refusal(error: unknown): unknown {
  if (!(error instanceof multer.MulterError)) {
    // Of a body that is no multipart the parser only says an Error.
    return error instanceof Error ? refuse(400, 'The multipart body is broken.') : error
  }
  const { code, message } = error
  if (code === 'LIMIT_FILE_SIZE') return refuse(413, 'The picture must have at most 1 MB.')
  if (code === 'LIMIT_UNEXPECTED_FILE' || code === 'LIMIT_FILE_COUNT')
    return refuse(400, 'Send one file, in the field avatar.')
  return refuse(400, `The form is not as wanted: ${message.toLowerCase()}.`)
}

/**
 * Reads what `wx.uploadFile({ name: 'avatar', formData: { nickName } })` sends. What the file is says its content:
 * its name and type are whatever the sender likes.
 *
 * @throws {HttpError} 400, 413 or 415, with what is wrong
 */
export async function readAvatarUpload(req: Request, res: Response): Promise<AvatarUpload> {
  if (!req.is('multipart/form-data')) {
    throw refuse(415, 'Send multipart/form-data with the picture in the field avatar.')
  }
  await new Promise<void>((resolve, reject) => {
    parse(req, res, (error: unknown) => {
      if (error === undefined) resolve()
      else reject(refusal(error))
    })
  })
  if (req.file === undefined) throw refuse(400, 'The picture is missing: the field avatar.')
  const bytes = req.file.buffer
  const type = served[(await fileTypeFromBuffer(bytes))?.mime ?? '']
  if (type === undefined) throw refuse(415, 'The picture must be a PNG, JPEG, WebP or GIF.')

  const parsed = v.safeParse(fields, { ...req.body }, { abortEarly: true })
  if (!parsed.success) throw refuse(400, parsed.issues[0].message)
  const nickName = parsed.output.nickName?.trim()
  // WeChat's stand-in must not overwrite a name the user once chose.
  const chosen = nickName !== undefined && nickName !== '' && nickName !== '微信用户'
  return { picture: { type, bytes }, ...(chosen && { nickName }) }
}
