import type { KubeObject } from '../../api/types.ts'
import { formatAge } from '../age.ts'

/** A column of a Table; those of priority 1 show with `-o wide`. */
export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer'
  readonly format: string
  readonly description: string
  readonly priority: number
}

export type Cell = string | number

/** How objects of one kind show in a Table. */
export interface Printer<T extends KubeObject> {
  readonly columns: readonly Column[]
  /** A cell a column. */
  cells(object: T, now: number): readonly Cell[]
}

/** One column with what it shows. */
export interface PrinterColumn<T extends KubeObject> extends Column {
  readonly cell: (object: T, now: number) => Cell
}

export function printer<T extends KubeObject>(columns: readonly PrinterColumn<T>[]): Printer<T> {
  return {
    columns: columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    cells: (object, now) => columns.map(({ cell }) => cell(object, now)),
  }
}

export function text<T extends KubeObject>(
  name: string,
  cell: (object: T, now: number) => string | undefined,
): PrinterColumn<T> {
  return {
    name,
    type: 'string',
    format: '',
    description: '',
    priority: 0,
    cell: (object, now) => cell(object, now) ?? '<none>',
  }
}

export function count<T extends KubeObject>(name: string, cell: (object: T) => number): PrinterColumn<T> {
  return { name, type: 'integer', format: '', description: '', priority: 0, cell }
}

/** Shown with `-o wide` only. */
export function wide<T extends KubeObject>(column: PrinterColumn<T>): PrinterColumn<T> {
  return { ...column, priority: 1 }
}

export const nameColumn: PrinterColumn<KubeObject> = {
  ...text('Name', object => object.metadata.name),
  format: 'name',
  description: 'Name is unique within a namespace.',
}

export const ageColumn: PrinterColumn<KubeObject> = {
  ...text('Age', (object, now) => formatAge(object.metadata.creationTimestamp, now)),
  description: 'How long ago the object was created.',
}

/** `a=1,b=2`; undefined where there are none. */
export function pairs(labels: Readonly<Record<string, string>> | undefined): string | undefined {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? undefined : entries.map(([key, value]) => `${key}=${value}`).join(',')
}

/** Comma-separated; undefined where there are none. */
export function list(items: readonly string[] | undefined): string | undefined {
  return items === undefined || items.length === 0 ? undefined : items.join(',')
}
