// The whole story of library.rs, by way of dockerode. Prints what the daemon answered, one JSON object, for the test.
// Usage: node story.js IMAGE REPOSITORY DIGEST NAME FOLDER

'use strict';

const fs = require('fs');
const Docker = require('dockerode');

const [image, repository, digest, name, folder] = process.argv.slice(2);
const docker = new Docker({ socketPath: process.env.DOCKER_HOST.replace('unix://', '') });
const told = {};

// All of a stream of progress: its lines, or its error.
async function followed(stream) {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, lines) => (error ? reject(error) : resolve(lines)));
  });
}

// All bytes of a stream, to the last.
async function bytes(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return;
  }
  throw new Error(`${call} was not refused`);
}

const aux = (lines, field) => lines.map((line) => line.aux && line.aux[field]).filter(Boolean).pop();

async function main() {
  await followed(await docker.pull(image));
  await followed(await docker.pull(`${repository}@${digest}`));
  // What it makes of a reference without a tag is `tag=latest`.
  await followed(await docker.createImage({ fromImage: repository }));
  await refused(async () => followed(await docker.pull(`${repository}-missing:1`)));

  const container = await docker.createContainer({ Image: image, Cmd: ['sleep', '1000'], name });
  told.id = container.id;
  const named = docker.getContainer(name);
  await refused(() => docker.createContainer({ Image: image, Cmd: ['true'], name }));
  await refused(() => docker.createContainer({ Image: `${name}-missing:1`, Cmd: ['true'] }));
  await named.start();
  await refused(() => docker.getContainer(told.id.slice(0, 12)).start()); // dockerode takes 304 for an error
  await named.restart({ t: 0 });
  const exec = await named.exec({ Cmd: ['true'], AttachStdout: true });
  await bytes(await exec.start({}));
  await named.kill();
  await named.wait();
  await refused(() => named.exec({ Cmd: ['true'] }));
  await refused(() => docker.getContainer(`${name}-missing`).start());
  await container.start();
  await named.stop({ t: 0 });

  const pushed = `${repository}-${name}`;
  told.commit = (await named.commit({ repo: `${name}-commit`, tag: '1' })).Id;
  await docker.getImage(`${name}-commit:1`).tag({ repo: pushed, tag: '2' });
  const progress = await followed(await docker.getImage(pushed).push({ tag: '2', authconfig: {} }));
  // The newest daemon tells it in no other way.
  told.push = progress.map((line) => /digest: (\S+)/.exec(line.status)).filter(Boolean)[0][1];
  const saved = await bytes(await docker.getImage(image).get());
  fs.writeFileSync(`${folder}/${name}.tar`, saved);
  await followed(await docker.loadImage(`${folder}/${name}.tar`));
  await followed(await docker.importImage(`${folder}/files.tar`, { repo: `${name}-import`, tag: '1' }));
  told.import = (await docker.getImage(`${name}-import:1`).inspect()).Id;
  const lines = await followed(await docker.buildImage(`${folder}/context.tar`, { t: `${name}-build:1` }));
  told.build = aux(lines, 'ID');
  await named.remove();
  await docker.getImage(`${pushed}:2`).remove();
  await refused(() => docker.getImage(`${name}-missing:1`).remove());
  await docker.pruneImages({ filters: { label: ['imgtrace-nothing'] } });
  await docker.pruneContainers();
  await docker.pruneBuilder();
  console.log(JSON.stringify(told));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
