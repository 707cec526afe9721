/** The data key of one file, in base64: all that a worker learns; `hidden` where an empty text stands for each encrypted value. */
export type FileKey = string

export const hidden: FileKey = 'hidden'
