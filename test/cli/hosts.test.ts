import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { electronBinary, missingDisplay } from '../../main/cli/electron.ts'
import { CommandLine, SAMPLE, type Running } from '../support/cli.ts'
import { send } from '../support/web-client.ts'

const cli = new CommandLine()
afterAll(() => cli.remove())

const ADDRESS = /http:\/\/127\.0\.0\.1:(\d+)(\/\?token=\S+)/

async function stop({ child, ended }: Running): Promise<number | null> {
  child.kill('SIGINT')
  return (await ended).code
}

/** Enters a served workstation and calls a method. */
async function ask(running: Running, method: string, request: unknown): Promise<unknown> {
  const [, port, entrance] = await running.printed(ADDRESS)
  const { headers } = await send(Number(port), { path: entrance! })
  const cookie = headers['set-cookie']![0]!.split(';')[0]!
  const reply = await send(Number(port), {
    method: 'POST',
    path: `/api/call/${method}`,
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  return JSON.parse(reply.text)
}

describe('serve', () => {
  it('prints the address and serves the model it was given', async () => {
    const running = cli.start(['serve', SAMPLE])
    expect(await ask(running, 'host.info', null)).toMatchObject({
      ok: true,
      value: { host: 'browser', initialModel: SAMPLE, roots: [join(SAMPLE, '..')] },
    })
    expect(await stop(running)).toBe(0)
  })

  it('shows the folder it was started in when it is given nothing', async () => {
    const running = cli.start(['serve'])
    expect(await ask(running, 'host.info', null)).toMatchObject({
      value: { roots: [cli.folder], initialModel: null },
    })
    expect(await stop(running)).toBe(0)
  })

  it('shows only the folders it was given', async () => {
    mkdirSync(cli.path('shown'))
    const running = cli.start(['serve', '--root', 'shown'])
    expect(await ask(running, 'files.list', { path: cli.folder })).toMatchObject({
      error: { code: 'OUTSIDE_ROOTS' },
    })
    await stop(running)
  })

  it('prints one document with --json', async () => {
    const running = cli.start(['serve', '--json'])
    await running.printed(/\}\n$/)
    await stop(running)
    const { stdout } = await running.ended
    expect(z.strictObject({ address: z.url() }).safeParse(JSON.parse(stdout)).success).toBe(true)
  })

  it('says when the port is taken', async () => {
    const running = cli.start(['serve'])
    const [, port] = await running.printed(ADDRESS)
    const second = await cli.run('serve', '--port', port!)
    expect([second.code, second.stdout]).toEqual([1, ''])
    expect(second.stderr).toMatch(new RegExp(`^quantaloupe: Port ${port} is in use\\. .*--port.*\\n$`))
    await stop(running)
  })
})

describe('open', () => {
  it.runIf(process.platform === 'linux')(
    'serves a browser where there is no display, and says so',
    async () => {
      const running = cli.start(['open', SAMPLE])
      expect(await ask(running, 'host.info', null)).toMatchObject({ value: { initialModel: SAMPLE } })
      await stop(running)
      const { stderr } = await running.ended
      expect(stderr.split('\n')[0]).toBe(
        'No desktop window (there is no display); the workstation opens for a browser instead.',
      )
    },
  )

  it.runIf(process.platform === 'linux')('serves a browser where Electron does not start', async () => {
    const env = fakeElectron('broken', 'process.exit(7)')
    const running = cli.start(['open', SAMPLE], { env })
    await running.printed(ADDRESS)
    await stop(running)
    const { stderr } = await running.ended
    expect(stderr).toMatch(/^No desktop window \(Electron does not start here: it ended with exit code 7\); /)
    expect(stderr).not.toMatch(/\n {4}at /)
  })

  it.runIf(process.platform === 'linux')('opens the window with the model and ends with it', async () => {
    const note = cli.path('arguments.json')
    const script = `process.send('shown', () => {
      require('node:fs').writeFileSync(${JSON.stringify(note)}, JSON.stringify(process.argv.slice(2)))
      process.exit(0)
    })`
    const { code, stdout, stderr } = await cli.start(['open', SAMPLE], {
      env: fakeElectron('working', script),
    }).ended
    expect([code, stdout, stderr]).toEqual([0, '', ''])
    const [main, model] = JSON.parse(readFileSync(note, 'utf8')) as string[]
    expect([main?.endsWith('out/main/index.js'), model]).toEqual([true, SAMPLE])
  })

  it.runIf(process.platform === 'linux')(
    'does not open a browser page when a shown window breaks',
    async () => {
      const env = fakeElectron('breaking', "process.send('shown', () => process.exit(9))")
      const { code, stdout, stderr } = await cli.start(['open', SAMPLE], { env }).ended
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(
        /^quantaloupe: The window closed unexpectedly: it ended with exit code 9\. .*\n$/,
      )
    },
  )
})

describe('where a window can be opened', () => {
  it('is asked of Linux alone', () => {
    expect(missingDisplay({}, 'linux')).toBe('there is no display')
    expect(missingDisplay({ DISPLAY: ':0' }, 'linux')).toBeNull()
    expect(missingDisplay({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux')).toBeNull()
    expect(missingDisplay({}, 'darwin')).toBeNull()
    expect(missingDisplay({}, 'win32')).toBeNull()
  })

  it('needs a binary that was fetched whole', () => {
    const folder = cli.path('electron')
    mkdirSync(join(folder, 'dist'), { recursive: true })
    expect(electronBinary(folder)).toBeNull()
    writeFileSync(join(folder, 'path.txt'), 'electron')
    expect(electronBinary(folder)).toBeNull()
    writeFileSync(join(folder, 'dist', 'electron'), '')
    expect(electronBinary(folder)).toBe(join(folder, 'dist', 'electron'))
  })
})

describe('the data folder', () => {
  it('keeps no uploads after the server has ended', () => {
    const uploads = join(cli.data, 'uploads')
    expect(existsSync(uploads) ? readdirSync(uploads) : []).toEqual([])
  })
})

/** A Node script in the place of Electron's binary; it hears and tells what Electron would. */
function fakeElectron(name: string, script: string): Record<string, string> {
  const folder = cli.path(`fake-${name}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'electron'), `#!${process.execPath}\n${script}\n`)
  chmodSync(join(folder, 'electron'), 0o755)
  return { DISPLAY: ':99', ELECTRON_OVERRIDE_DIST_PATH: folder }
}
