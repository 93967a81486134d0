// Sends a marked secret by way of dockerode, which puts options into the query string too.
// Usage: node secrets.js MARK IMAGE REPOSITORY FOLDER

'use strict';

const Docker = require('dockerode');

const [marked, image, repository, folder] = process.argv.slice(2);
const mark = marked.split('=')[1];
const docker = new Docker({ socketPath: process.env.DOCKER_HOST.replace('unix://', '') });
const authconfig = { username: `${mark}21`, password: `${mark}22`, serveraddress: repository.split('/')[0] };

async function followed(stream) {
  return new Promise((resolve) => docker.modem.followProgress(stream, resolve));
}

async function main() {
  await followed(await docker.pull(image, { authconfig }));
  const options = { name: 'marked-too', Env: [`NAME=${mark}23`], Labels: { name: `${mark}24` } };
  const container = await docker.createContainer({ Image: image, Cmd: ['sleep', '1000'], ...options });
  await container.start();
  const exec = await container.exec({ Cmd: ['echo', `${mark}25`], Env: [`NAME=${mark}26`], AttachStdout: true });
  const stream = await exec.start({});
  for await (const part of stream) void part;
  const build = { t: 'marked:4', buildargs: { NAME: `${mark}27` }, labels: { name: `${mark}28` } };
  const registryconfig = { 'registry.invalid': authconfig };
  await followed(await docker.buildImage(`${folder}/context.tar`, { ...build, registryconfig }));
  console.log(JSON.stringify((await container.inspect()).Config));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
