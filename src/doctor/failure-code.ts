/** Whether the code of a failed connection says that the host name could not be resolved. */
export const isOfName = (code: string): boolean => /^(ENOTFOUND|EAI_[A-Z]+)$/.test(code)

/** Whether it says that TLS failed: a certificate, or a side that does not speak it. */
export const isOfTls = (code: string): boolean => /CERT|SSL|TLS|ISSUER|SIGNATURE|EPROTO/.test(code)
